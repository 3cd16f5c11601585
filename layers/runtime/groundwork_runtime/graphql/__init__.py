"""The GraphQL engine: parse, measure, validate, execute by levels, and encode one query."""
