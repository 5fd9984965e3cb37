"""Clients that want to be told of a logout on a channel of their own."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import text

from tests.support.application import Application, TestClient
from tests.support.background import pass_ended
from tests.support.parts import services_of
from tests.support.peer import Answer, Peer
from tests.support.visitor import Visitor

PATH = "/back"
OK = Answer()


@dataclass(frozen=True)
class Told:
    """A client with its `backchannel_logout_uri` at a peer."""

    app: Application
    client: TestClient
    peer: Peer
    path: str

    @property
    def logout_tokens(self) -> list[str]:
        """What was posted to it, in its order."""
        posted = [seen for seen in self.peer.seen if seen.target == self.path]
        return [dict(parse_qsl(seen.body.decode()))["logout_token"] for seen in posted]

    @property
    def count(self) -> int:
        return self.peer.count(self.path)


async def told_client(
    app: Application, peer: Peer, path: str = PATH, answer: Any = OK, **metadata: Any
) -> Told:
    peer.answers[path] = answer
    client = await app.create_client(backchannel_logout_uri=peer.url(path), **metadata)
    return Told(app, client, peer, path)


async def sign_out(visitor: Visitor) -> None:
    """By the page that asks."""
    answer = await visitor.submit(await visitor.get("/logout"))
    assert answer.status_code == 200, answer.text


async def deliver(app: Application, *, after: float = 0) -> int:
    """What the background task does when it looks; gives how many were told."""
    delivery = services_of(app).oauth.logout_delivery
    await pass_ended(delivery)
    app.clock.advance(seconds=after)
    return await delivery.run_once()


async def is_done(app: Application, *clients: TestClient) -> bool:
    """Whether these clients have not to be told anything any more."""
    waiting = [
        await services_of(app).core.database.fetch_one(
            text("SELECT 1 FROM logout_notices WHERE client_id = :client_id").bindparams(
                client_id=client.client_id
            )
        )
        for client in clients
    ]
    return not any(waiting)
