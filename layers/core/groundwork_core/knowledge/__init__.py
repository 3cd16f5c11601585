"""Entities, relationships and mentions."""
