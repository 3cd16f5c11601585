"""The webhooks function: sends events to endpoints."""
