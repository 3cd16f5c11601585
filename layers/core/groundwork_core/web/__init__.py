"""Web addresses: normalization, and which targets may be reached."""
