"""The deployed functions, one package each: decode an event, call one use case, encode."""
