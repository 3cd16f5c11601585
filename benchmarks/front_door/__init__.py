"""Our HTTP connections beside other servers."""
