"""One corpus of good and bad requests for both lanes."""

import base64
from collections.abc import Callable, Iterator
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

    @property
    def basic(self) -> str:
        return basic(self.client_id, self.client_secret)


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


def form(path: str, *headers: Header, method: str = "POST", **values: str) -> Sent:
    return Sent(method, path, (("content-type", FORM), *headers), urlencode(values).encode("ascii"))


def authorized(tokens: Tokens) -> Header:
    return ("authorization", tokens.basic)


def bearer(token: str) -> Header:
    return ("authorization", f"Bearer {token}")


def cases() -> Iterator[Case]:
    yield from _token()
    yield from _introspect_and_revoke()
    yield from _profile()
    yield from _metadata_and_others()
    yield from _methods()
    yield from _bodies()


def _token() -> Iterator[Case]:
    def token(name: str, *headers: Header, **values: str) -> Case:
        return Case(name, lambda t: form("/token", authorized(t), *headers, **values))

    yield token("client credentials", grant_type="client_credentials")
    yield token("a narrowed scope", grant_type="client_credentials", scope="profile")
    yield token("a scope too wide", grant_type="client_credentials", scope="admin")
    yield token("no grant type")
    yield token("an empty grant type", grant_type="")
    yield token("an unknown grant", grant_type="urn:example:grant")
    yield token("a grant not registered", grant_type="authorization_code", code="x")
    yield token("a parameter nobody knows", grant_type="client_credentials", colour="blue")
    yield token("a header nobody knows", ("x-colour", "blue"), grant_type="client_credentials")
    yield token("password without its parameters", grant_type="password")
    yield token("an unknown person", grant_type="password", username="nobody", password="x" * 10)
    yield token("refresh without a token", grant_type="refresh_token")
    yield token("an unknown refresh token", grant_type="refresh_token", refresh_token="nonsense")
    yield Case(
        "password",
        lambda t: form(
            "/token", authorized(t), grant_type="password", username=t.username, password=t.password
        ),
    )
    for name, attribute in (("refresh", "refresh_token"), ("used refresh", "used_refresh_token")):
        yield Case(
            name,
            lambda t, attribute=attribute: form(  # type: ignore[misc]
                "/token",
                authorized(t),
                grant_type="refresh_token",
                refresh_token=getattr(t, attribute),
            ),
        )
    yield Case(
        "the secret in the form",
        lambda t: form(
            "/token",
            grant_type="client_credentials",
            client_id=t.client_id,
            client_secret=t.client_secret,
        ),
    )
    yield Case(
        "two methods at once",
        lambda t: form(
            "/token",
            authorized(t),
            grant_type="client_credentials",
            client_secret=t.client_secret,
        ),
    )
    bad_credentials: dict[str, bytes | str] = {
        "a wrong secret": basic("somebody", "wrong"),
        "credentials that are no base64": "Basic !!!",
        "credentials without a colon": "Basic " + base64.b64encode(b"nocolon").decode(),
        "credentials that are no UTF-8": "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "another scheme": "Digest x",
        "non-ASCII credentials": b"Basic \xff\xfe",
        "empty credentials": "",
    }
    for name, value in bad_credentials.items():
        yield Case(
            name,
            lambda t, value=value: form(  # type: ignore[misc]
                "/token", ("authorization", value), grant_type="client_credentials"
            ),
        )
    yield Case("no credentials", lambda t: form("/token", grant_type="client_credentials"))
    yield Case(
        "credentials twice",
        lambda t: form("/token", authorized(t), authorized(t), grant_type="client_credentials"),
    )


def _introspect_and_revoke() -> Iterator[Case]:
    for path in ("/introspect", "/revoke"):
        for attribute in ("machine_token", "access_token", "refresh_token", "revoked_token"):
            yield Case(
                f"{path} {attribute}",
                lambda t, path=path, attribute=attribute: form(  # type: ignore[misc]
                    path, authorized(t), token=getattr(t, attribute)
                ),
            )
        yield Case(
            f"{path} an unknown token",
            lambda t, path=path: form(path, authorized(t), token="nonsense"),  # type: ignore[misc]
        )
        yield Case(f"{path} no token", lambda t, path=path: form(path, authorized(t)))  # type: ignore[misc]
        yield Case(
            f"{path} no credentials",
            lambda t, path=path: form(path, token=t.access_token),  # type: ignore[misc]
        )


def _profile() -> Iterator[Case]:
    for attribute in ("machine_token", "access_token", "refresh_token", "revoked_token"):
        yield Case(
            f"profile with {attribute}",
            lambda t, attribute=attribute: Sent(  # type: ignore[misc]
                "GET", "/profile", (bearer(getattr(t, attribute)),)
            ),
        )
    for name, headers in {
        "without a token": (),
        "with another scheme": (("authorization", "Basic eDp5"),),
        "with nothing after the scheme": (("authorization", "Bearer "),),
        "with a non-ASCII token": (("authorization", b"Bearer \xe4\xf6\xfc"),),
        "with a very long token": (("authorization", "Bearer " + "x" * 20_000),),
    }.items():
        yield Case(
            f"profile {name}",
            lambda t, headers=headers: Sent("GET", "/profile", headers),  # type: ignore[misc]
        )
    yield Case(
        "profile with a token in the query",
        lambda t: Sent("GET", f"/profile?access_token={t.access_token}"),
    )
    yield Case(
        "profile with two tokens",
        lambda t: Sent("GET", f"/profile?access_token={t.access_token}", (bearer(t.access_token),)),
    )
    yield Case(
        "profile with the header twice",
        lambda t: Sent("GET", "/profile", (bearer(t.access_token), bearer(t.access_token))),
    )
    yield Case(
        "profile with some query",
        lambda t: Sent("GET", "/profile?fields=all", (bearer(t.access_token),)),
    )


METADATA = "/.well-known/oauth-authorization-server"


def _metadata_and_others() -> Iterator[Case]:
    for path in (
        METADATA,
        f"{METADATA}?x=1",
        "/health/live",
        "/health/ready",
        "/nowhere",
        "/token/",
        "//token",
        "/TOKEN",
        "/profile/",
        "/%74oken",
        "/token%2f",
        "/introspect/..",
        "/qr_code/somebody",
    ):
        yield Case(f"GET {path}", lambda t, path=path: Sent("GET", path))  # type: ignore[misc]
    for path in ("/token/", "//token", "/TOKEN", "/%74oken", "/nowhere"):
        yield Case(
            f"POST {path}",
            lambda t, path=path: form(path, authorized(t), grant_type="client_credentials"),  # type: ignore[misc]
        )
    yield Case(
        "metadata of another origin",
        lambda t: Sent("GET", METADATA, (("origin", "https://app.example"),)),
    )
    yield Case(
        "metadata with a host of the caller's choice",
        lambda t: Sent("GET", METADATA, (("host", "evil.example"), ("x-forwarded-host", "evil"))),
    )


def _methods() -> Iterator[Case]:
    for path in ("/token", "/introspect", "/revoke", "/profile", METADATA):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST", "TRACE"):
            yield Case(
                f"{method} {path}",
                lambda t, path=path, method=method: Sent(method, path),  # type: ignore[misc]
            )
        yield Case(
            f"preflight {path}",
            lambda t, path=path: Sent(  # type: ignore[misc]
                "OPTIONS",
                path,
                (("origin", "https://app.example"), ("access-control-request-method", "POST")),
            ),
        )


def _bodies() -> Iterator[Case]:
    bodies: dict[str, tuple[str | None, bytes]] = {
        "an oversize body": (FORM, b"grant_type=client_credentials&x=" + b"x" * 70_000),
        "a body of the largest size": (FORM, b"grant_type=client_credentials&x=" + b"x" * 65_000),
        "a repeated parameter": (FORM, b"grant_type=a&grant_type=a"),
        "too many parameters": (FORM, b"&".join(b"p%d=1" % each for each in range(1000))),
        "a parameter that is no UTF-8": (FORM, b"grant_type=%ff"),
        "a NUL": (FORM, b"grant_type=client_credentials&scope=%00"),
        "a lone surrogate": (FORM, b"grant_type=client_credentials&scope=%ed%a0%80"),
        "bytes that are no form": (FORM, bytes(range(256))),
        "JSON": ("application/json", b'{"grant_type": "client_credentials"}'),
        "a multipart body": ("multipart/form-data; boundary=x", b"--x--"),
        "no content type": (None, b"grant_type=client_credentials"),
        "a content type with a charset": (
            f"{FORM}; charset=UTF-8",
            b"grant_type=client_credentials",
        ),
        "a content type in capitals": (FORM.upper(), b"grant_type=client_credentials"),
        "no body": (FORM, b""),
        "neither body nor type": (None, b""),
    }
    for path in ("/token", "/introspect", "/revoke"):
        for name, (content_type, body) in bodies.items():
            given: tuple[Header, ...] = (("content-type", content_type),) if content_type else ()
            yield Case(
                f"{path} {name}",
                lambda t, path=path, given=given, body=body: Sent(  # type: ignore[misc]
                    "POST", path, (authorized(t), *given), body
                ),
            )
    yield Case(
        "two content types",
        lambda t: form(
            "/token",
            ("content-type", "application/json"),
            authorized(t),
            grant_type="client_credentials",
        ),
    )
    for path in ("/profile", METADATA):
        yield Case(
            f"{path} with a body",
            lambda t, path=path: Sent("GET", path, (bearer(t.access_token),), b"a body"),  # type: ignore[misc]
        )
        yield Case(
            f"{path} with an oversize body",
            lambda t, path=path: Sent("GET", path, (bearer(t.access_token),), b"x" * 70_000),  # type: ignore[misc]
        )
