"""Services for clients."""
