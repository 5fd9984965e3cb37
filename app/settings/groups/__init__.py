"""The settings by group. Each field carries its description, which `make docs` publishes."""
