"""What is watched, when it is asked next, and how the asking went."""
