"""Pages between an authorization request and its response."""
