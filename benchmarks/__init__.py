"""Measurements: each beside a peer, in the same run, on the same machine. See README."""
