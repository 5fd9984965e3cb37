"""Requests as values, made for each lane with what that lane has."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"
Header = tuple[bytes | str, bytes | str]


@dataclass(frozen=True)
class Tokens:
    """What the requests of one lane are made with. Each lane has tokens of its own to use up."""

    client_id: str
    client_secret: str
    username: str
    password: str
    machine_token: str
    access_token: str
    refresh_token: str
    used_refresh_token: str
    revoked_token: str


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire."""

    method: str
    path: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Tokens], Sent] = field(repr=False)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def authorized(tokens: Tokens) -> Header:
    return ("authorization", basic(tokens.client_id, tokens.client_secret))


def bearer(token: str) -> Header:
    return ("authorization", f"Bearer {token}")


def form(path: str, *headers: Header, **values: str) -> Sent:
    return Sent("POST", path, (("content-type", FORM), *headers), urlencode(values).encode("ascii"))


def plain(name: str, method: str, path: str, *headers: Header) -> Case:
    """A request that is the same in both lanes."""
    return Case(name, lambda _: Sent(method, path, headers))


def of_a_client(name: str, path: str, *headers: Header, **values: str) -> Case:
    """A form that an authenticated client sends."""
    return Case(name, lambda tokens: form(path, authorized(tokens), *headers, **values))


def about_a_token(path: str, attribute: str) -> Case:
    """A client asks about one of its tokens, or gives it back."""
    return Case(
        f"{path} {attribute}",
        lambda tokens: form(path, authorized(tokens), token=getattr(tokens, attribute)),
    )


def with_a_token(name: str, attribute: str, path: str = "/profile", body: bytes = b"") -> Case:
    """A request that bears one of the tokens."""
    return Case(name, lambda tokens: Sent("GET", path, (bearer(getattr(tokens, attribute)),), body))


def with_a_body(path: str, name: str, content_type: str | None, body: bytes) -> Case:
    """A body that an authenticated client sends."""
    given: tuple[Header, ...] = (("content-type", content_type),) if content_type else ()
    return Case(
        f"{path} {name}", lambda tokens: Sent("POST", path, (authorized(tokens), *given), body)
    )
