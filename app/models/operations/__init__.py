"""Models for audit, limits, mail and housekeeping."""
