"""What JSON looks like: Pydantic bodies, from which the OpenAPI description is made."""
