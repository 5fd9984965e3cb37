"""The SQLAlchemy metadata that all tables share, with a naming convention for constraints."""

from sqlalchemy import Index, MetaData, text

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMES)

ONLY_ON = "only_on"
"""Key in the `info` of an index that only one database has, by the name of its dialect."""


def index_where_set(name: str, *columns: str) -> Index:
    """Return a partial index over the rows in which the first column is not NULL.

    It is meant for columns that are set in few rows.
    """
    condition = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, postgresql_where=condition, sqlite_where=condition)
