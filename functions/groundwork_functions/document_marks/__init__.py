"""Finds near-duplicates among new documents, and detects their languages."""
