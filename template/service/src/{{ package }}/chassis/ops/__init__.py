"""The desk: what the person on call sees and decides in a browser, at `/ops`."""
