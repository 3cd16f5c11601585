"""Near-duplicates of documents, and their languages."""
