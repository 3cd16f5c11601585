"""Realtime: sockets, topics, subscriptions and their permissions."""
