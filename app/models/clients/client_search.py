"""Search for clients: the words of their ids and names."""

from sqlalchemy import Column, Index, String, Table

from app.models.accounts.user_search import BY_CODE_POINT
from app.models.tables import metadata

client_search = Table(
    "client_search",
    metadata,
    Column("word", BY_CODE_POINT, primary_key=True),
    Column("client_id", String(255), primary_key=True),
    Index("ix_client_search_client_id", "client_id", "word"),
)
