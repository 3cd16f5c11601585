"""Documents: entries of sources, as stored."""
