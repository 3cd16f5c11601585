"""Contents, distributions, deliveries, engagements and webhooks."""
