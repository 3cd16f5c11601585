"""Passwords and tokens: the libraries behind identity."""
