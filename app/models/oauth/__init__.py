"""Models for tokens, codes, consents and signing keys."""
