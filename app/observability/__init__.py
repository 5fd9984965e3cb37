"""Logs of a running server, and the request context they refer to."""
