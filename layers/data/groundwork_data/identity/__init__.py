"""Adapters for the cryptography of identity: passwords, tokens, keys and encrypted responses."""
