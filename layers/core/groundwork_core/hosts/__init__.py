"""Hosts of sources: pauses between requests, failing hosts, robots.txt."""
