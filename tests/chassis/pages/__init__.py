"""What the pages of a service say is so. Not for `prove`: their owner edits them."""
