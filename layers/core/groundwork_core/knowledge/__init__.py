"""What is known: entities, relationships, and where each was stated."""
