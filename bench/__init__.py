"""Measures what is promised of the product's cost. Slow, and not part of the tests: `make help` lists the commands."""
