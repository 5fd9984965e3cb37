"""All that depends on Uvicorn, and the only modules of the server that import it.

Uvicorn documents neither its protocol classes nor what its server calls during shutdown. So
pyproject.toml pins it to a minor version, and `tests/architecture/test_uvicorn_adapter.py` compares
its internals with those that this package was written for.
"""
