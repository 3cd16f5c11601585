"""Bundled sample feeds, and a small server for them."""
