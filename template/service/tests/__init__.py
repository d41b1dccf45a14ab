"""The tests: unit without servers, integration and chaos on real ones."""
