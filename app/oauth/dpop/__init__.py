"""DPoP (RFC 9449): tokens that are of use only with a key, which each request proves."""
