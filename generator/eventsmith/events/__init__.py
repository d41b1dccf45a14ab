"""What changes and lists the events of a service."""
