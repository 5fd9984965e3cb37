"""What all tables share: one registry of metadata with named constraints."""

from sqlalchemy import Index, MetaData, text

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMES)


def index_where_set(name: str, *columns: str) -> Index:
    """An index over the rows in which its first column is not NULL, where that is rare."""
    condition = text(f"{columns[0]} IS NOT NULL")
    return Index(name, *columns, postgresql_where=condition, sqlite_where=condition)
