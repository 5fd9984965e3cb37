"""Repositories for audit, limits, mail and housekeeping."""
