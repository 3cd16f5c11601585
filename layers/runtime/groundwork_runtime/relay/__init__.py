"""One run of the relay: its destinations, its threads, what it logs and measures."""
