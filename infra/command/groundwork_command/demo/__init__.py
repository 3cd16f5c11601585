"""Sample feeds of our own, and a small server for them."""
