"""Pydantic models of JSON bodies, from which the OpenAPI description is generated."""
