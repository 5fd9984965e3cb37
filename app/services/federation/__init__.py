"""Services for identity providers."""
