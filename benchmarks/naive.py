"""A naive implementation of the grant: FastAPI and an ORM session for each request.

It has the server's tables, pragmas and tokens, but no logging and no security headers.
"""

import base64
import hmac
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, Header, HTTPException
from pydantic import BaseModel
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped

from app.models.clients.clients import clients
from app.models.oauth.access_tokens import access_tokens
from app.models.tables import metadata as tables
from app.security.tokens import TokenKind, digest_of, new_token


class Base(DeclarativeBase):
    metadata = tables


class ClientRow(Base):
    __table__ = clients
    __mapper_args__ = {"exclude_properties": ["metadata"]}  # noqa: RUF012 - SQLAlchemy's name

    client_id: Mapped[str]
    secret_digest: Mapped[bytes | None]
    grant_types: Mapped[str]
    scope: Mapped[str]


class AccessTokenRow(Base):
    __table__ = access_tokens


class TokenAnswer(BaseModel):
    access_token: str
    expires_in: int
    scope: str
    token_type: str


def make_engine(url: str) -> AsyncEngine:
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        return create_async_engine(f"postgresql+asyncpg://{rest}")
    engine = create_async_engine(f"sqlite+aiosqlite://{rest}", connect_args={"timeout": 10})

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    return engine


app = FastAPI()
make_session = async_sessionmaker(make_engine(os.environ["DATABASE_URL"]), expire_on_commit=False)


async def session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session


async def authenticated(
    authorization: Annotated[str, Header()], session: Annotated[AsyncSession, Depends(session)]
) -> ClientRow:
    client_id, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
    row = await session.scalar(select(ClientRow).where(ClientRow.client_id == client_id))
    if row is None or not hmac.compare_digest(row.secret_digest or b"", digest_of(secret)):
        raise HTTPException(401)
    return row


@app.post("/token", response_model=TokenAnswer)
async def token(
    grant_type: Annotated[str, Form()],
    client: Annotated[ClientRow, Depends(authenticated)],
    session: Annotated[AsyncSession, Depends(session)],
    scope: Annotated[str, Form()] = "profile",
) -> TokenAnswer:
    if grant_type != "client_credentials" or grant_type not in client.grant_types.split():
        raise HTTPException(400)
    if not set(scope.split()) <= set(client.scope.split()):
        raise HTTPException(400)
    access_token, now = new_token(TokenKind.ACCESS_TOKEN), datetime.now(UTC)
    session.add(
        AccessTokenRow(
            digest=digest_of(access_token),
            client_id=client.client_id,
            scope=scope,
            issued_at=now,
            expires_at=now + timedelta(hours=1),
        )
    )
    await session.commit()
    return TokenAnswer(access_token=access_token, expires_in=3600, scope=scope, token_type="Bearer")
