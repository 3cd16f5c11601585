"""What a month of Groundwork costs on AWS: a model in code, written to docs/cost.md."""
