"""Sources: schedules, polls, imports and exports."""
