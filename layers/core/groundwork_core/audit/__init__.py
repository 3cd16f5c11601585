"""The audit log of changes to accounts, roles, keys and configuration."""
