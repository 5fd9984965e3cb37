"""Alembic's scripts; installed with the package so that `postern migrate` finds them."""
