"""The service on a real Postgres and a real Valkey or Redis."""
