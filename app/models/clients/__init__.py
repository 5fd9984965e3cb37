"""Models for clients."""
