"""Encryption of secrets that are stored in the database."""
