"""Engines, transactions and micro-batches on SQLite and PostgreSQL. No query lives here."""
