"""Polling thousands of sources on made-up hosts that have real names."""
