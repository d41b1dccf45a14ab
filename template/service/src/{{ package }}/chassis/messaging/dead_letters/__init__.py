"""What could not be handled: kept, found, decided on."""
