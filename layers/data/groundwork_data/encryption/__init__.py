"""Encryption of secrets with AES-GCM, and its data keys."""
