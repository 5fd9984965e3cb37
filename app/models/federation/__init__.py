"""Models for identity providers."""
