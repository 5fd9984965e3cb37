"""Prose linter: check docstrings, comments, strings, documents and templates against `rules.toml`.

Run it with `python -m tools.prose`; `--pending` also checks the paths that are not required yet.
"""
