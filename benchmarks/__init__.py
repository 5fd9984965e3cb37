"""The measurements of the README: `make bench`, or `python -m benchmarks --help`."""
