"""Services for second factors."""
