"""Repositories for tokens, codes, consents and signing keys."""
