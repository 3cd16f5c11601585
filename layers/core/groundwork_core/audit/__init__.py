"""The audit log: who did what to identity and configuration, when, and from where."""
