"""What administrators do to accounts of users."""
