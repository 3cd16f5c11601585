"""Recall and latency of searches among many vectors of a real model."""
