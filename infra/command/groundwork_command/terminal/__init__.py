"""Output of commands: progress, notes, results and failures."""
