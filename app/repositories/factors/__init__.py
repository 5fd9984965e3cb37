"""Repositories for second factors."""
