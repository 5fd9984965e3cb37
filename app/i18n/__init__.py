"""Texts for users, and their translations."""
