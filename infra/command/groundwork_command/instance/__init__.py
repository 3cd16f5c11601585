"""One running instance: its settings, accounts, schema, services and host."""
