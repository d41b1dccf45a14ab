"""HTTP as every role serves it, and what endpoints ask for."""
