"""Engines, transactions and micro-batches on SQLite and PostgreSQL; queries are in repositories."""
