"""Repositories for identity providers."""
