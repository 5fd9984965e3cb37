"""Services for audit, limits, mail and housekeeping."""
