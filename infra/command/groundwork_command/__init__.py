"""The `groundwork` command, and the local instance with its services."""
