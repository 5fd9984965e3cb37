"""The life of an application around its requests: its start, its background jobs and its end."""
