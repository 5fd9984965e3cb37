"""Repositories for clients."""
