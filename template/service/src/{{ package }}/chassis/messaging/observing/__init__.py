"""What messaging looks like from outside: status, its samples as metrics, health."""
