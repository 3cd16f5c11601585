"""The reference_extractor function."""
