"""Jobs for AI workers: queueing, leases, results, failures."""
