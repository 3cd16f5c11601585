"""Adapters for Postgres, the system of record."""
