"""Events of a real instance on their way to webhook endpoints, some of which hang."""
