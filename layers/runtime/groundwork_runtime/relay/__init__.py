"""The run of the relay: destinations, threads, logs and metrics."""
