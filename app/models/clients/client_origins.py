"""The origins of clients' redirect URIs, which are allowed to call the server (CORS)."""

from sqlalchemy import Column, String, Table

from app.models.tables import metadata

client_origins = Table(
    "client_origins",
    metadata,
    Column("origin", String(255), primary_key=True),
    Column("client_id", String(255), primary_key=True, index=True),
)
