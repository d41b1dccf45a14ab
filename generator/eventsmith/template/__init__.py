"""Templates: where they come from, their versions, and rendering them."""
