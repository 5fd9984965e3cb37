"""What JSON of the admin API looks like."""
