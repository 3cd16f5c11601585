"""Live topics: who may listen to what, and what they are told."""
