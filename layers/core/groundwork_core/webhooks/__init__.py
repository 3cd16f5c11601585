"""Webhooks: endpoints that get events in signed messages."""
