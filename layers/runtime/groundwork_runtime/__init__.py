"""What every function shares around its use cases: settings, wiring, logs, metrics, HTTP."""
