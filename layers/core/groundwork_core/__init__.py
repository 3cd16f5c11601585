"""The domain: models, rules and use cases, one folder per business area. Knows only pydantic."""
