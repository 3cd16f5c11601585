"""Adapters for the web: fetch sources safely, and parse their responses."""
