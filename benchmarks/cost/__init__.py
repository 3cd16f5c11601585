"""A model of the monthly costs on AWS; it writes docs/cost.md."""
