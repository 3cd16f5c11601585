"""What is written, where it goes, and how it is met."""
