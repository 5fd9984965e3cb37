"""Prose linter: check docstrings, comments, strings, documents and templates against `rules.toml`.

Run it with `python -m tools.prose`.
"""
