"""The tests: unit without servers; integration, failpoints and chaos on real ones."""
