"""Embeddings of entities, documents and contents, and nearest-neighbour search."""
