"""Desired state: files that say which objects there are, compared with those that exist.

`yaml_files` reads a file, `documents` checks it against the kinds of objects, `planner` compares it
with what exists, `applier` makes the changes in one transaction, and `exporter` writes a file. Each
kind of object is a file in `kinds` and a line in `KINDS`.
"""
