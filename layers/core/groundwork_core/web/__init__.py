"""Addresses on the web: their normal form, and which of them may be reached."""
