"""What a command shows a person: progress, notes, results and failures."""
