"""The client of a row, in whichever table it is, and the condition that it may act."""

from sqlalchemy import ColumnElement, FromClause, and_, or_
from sqlalchemy.sql.selectable import Join

from app.models.clients.client_documents import client_documents
from app.models.clients.clients import clients

CLIENT_IS_IN_FORCE = and_(
    or_(clients.c.client_id.is_not(None), client_documents.c.client_id.is_not(None)),
    clients.c.disabled_at.is_(None),
)
"""The client joined by `with_client` exists and is not disabled."""


def with_client(source: FromClause, client_id: ColumnElement[str]) -> Join:
    """Join the client that a column names: a registered one, or one with a document."""
    return source.outerjoin(clients, clients.c.client_id == client_id).outerjoin(
        client_documents, client_documents.c.client_id == client_id
    )
