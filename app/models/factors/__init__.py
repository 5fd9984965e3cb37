"""Models for second factors."""
