"""Accounts, roles, sessions and API keys."""
