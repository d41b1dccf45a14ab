"""Stream to handler: claim, dispatch, retry, acknowledge."""
