"""Benchmarks for the README: `make bench`, or `python -m benchmarks --help`."""
