"""The database backend, built from the settings alone."""

from app.database.backends import Backend
from app.database.postgresql import Pooler
from app.database.postgresql_backend import PostgresBackend
from app.database.sqlite_backend import SqliteBackend
from app.settings import Settings, sqlite_path


def make_backend(settings: Settings) -> Backend:
    """Return the backend of the database in DATABASE_URL."""
    path = sqlite_path(settings.database_url)
    if path is None:
        return PostgresBackend(
            settings.database_url,
            pool_size=settings.database_pool_size,
            timeout=settings.database_timeout,
            pooler=Pooler(settings.database_pooler),
        )
    return SqliteBackend(
        path,
        pool_size=settings.database_pool_size,
        busy_timeout=settings.sqlite_busy_timeout,
        synchronous=settings.sqlite_synchronous,
    )


def database_patience(settings: Settings) -> float:
    """Return how many seconds a request waits for the database."""
    is_sqlite = sqlite_path(settings.database_url) is not None
    return (settings.sqlite_busy_timeout if is_sqlite else settings.database_timeout) + 1
