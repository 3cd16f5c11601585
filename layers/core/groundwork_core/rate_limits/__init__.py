"""Rate limits of principals."""
