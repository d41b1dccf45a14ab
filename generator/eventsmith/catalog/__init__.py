"""`eventsmith catalog`: who publishes and consumes what over several services."""
