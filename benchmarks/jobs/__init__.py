"""Jobs end to end over HTTP, beside procrastinate and pgqueuer."""
