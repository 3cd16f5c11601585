"""Embeddings: what models make of entities, documents and contents, and what is near to what."""
