"""How fast each principal may ask."""
