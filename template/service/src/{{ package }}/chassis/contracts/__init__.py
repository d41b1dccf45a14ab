"""What events promise: their schemas, the snapshots in `contracts/`, and what differs between."""
