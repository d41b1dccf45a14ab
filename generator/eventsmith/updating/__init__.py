"""Moving a service and its events to another version of the template."""
