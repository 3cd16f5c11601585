"""Move planned times when the database's clock was set."""
