"""What the tests of a service stand on."""
