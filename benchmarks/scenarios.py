"""Benchmark scenarios: their requests, prepared over HTTP beforehand."""

import base64
import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import httpx
import pyotp

from benchmarks.resources import create_resource

PASSWORD_SCENARIO = "password"
PASSWORD = "correct horse battery staple"
CLIENTS = 16
DOCUMENTED_CLIENT = {"redirect_uri": "http://localhost:3000/callback"}


@dataclass(frozen=True, slots=True)
class Load:
    """Requests to repeat; with `chains`, each chain completes the one request with its token.

    With `proofs_for`, each request gets a new DPoP proof for this URL.
    """

    requests: list[str]
    chains: list[str] | None = None
    proofs_for: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    access_token: str
    refresh_token: str


class Registered:
    """Clients, a user and tokens in the measured database.

    Its URL is needed for the scenarios with a resource only.
    """

    def __init__(self, http: httpx.Client, *, tokens: int, database_url: str | None = None) -> None:
        self._http = http
        self._tokens = tokens
        self._database_url = database_url
        self.clients = [self._client() for _ in range(CLIENTS)]
        self.username = self._enrolled_user()
        self.machines: list[str] = []
        self.people: list[Pair] = []
        self.jwts: list[str] = []

    @cached_property
    def resource(self) -> str:
        """The identifier of a resource with JWT access tokens, which all clients serve."""
        if self._database_url is None:
            raise ValueError("a scenario with a resource needs the URL of the database")
        servers = [client_id for client_id, _ in self.clients]
        return create_resource(self._database_url, servers=servers)

    @cached_property
    def token_endpoint(self) -> str:
        """The URL that DPoP proofs name."""
        response = self._http.get("/.well-known/openid-configuration")
        response.raise_for_status()
        return str(response.json()["token_endpoint"])

    def add_jwts(self) -> None:
        """Add JWT access tokens, half of clients and half of the user, if there are none yet."""
        forms = itertools.cycle(({"grant_type": "client_credentials"}, self.login()))
        while len(self.jwts) < 2 * self._tokens:
            response = self._token(**next(forms), resource=self.resource)
            self.jwts.append(response["access_token"])

    def add_machines(self) -> None:
        """Add access tokens of clients, if there are none yet."""
        while len(self.machines) < self._tokens:
            self.machines.append(self._token(grant_type="client_credentials")["access_token"])

    def add_people(self) -> None:
        """Add token pairs of the user, each in its own family, if there are none yet."""
        while len(self.people) < self._tokens:
            response = self._token(**self.login())
            self.people.append(Pair(response["access_token"], response["refresh_token"]))

    def login(self) -> dict[str, str]:
        return {"grant_type": "password", "username": self.username, "password": PASSWORD}

    @property
    def authorizations(self) -> list[str]:
        return [
            "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()
            for client_id, secret in self.clients
        ]

    def _client(self) -> tuple[str, str]:
        body = {"client_name": f"bench-{secrets.token_hex(4)}", **DOCUMENTED_CLIENT}
        client = self._json("/create_client", json=body)
        return client["client_id"], client["client_secret"]

    def _enrolled_user(self) -> str:
        username = f"bench-{secrets.token_hex(4)}"
        user = {"username": username, "password": PASSWORD}
        match = re.search(r"secret=([A-Z2-7]+)", self._json("/register_user", json=user)["otp_uri"])
        assert match is not None
        code = pyotp.TOTP(match.group(1)).now()
        self._json("/verify_otp", json={"username": username, "code": code})
        return username

    def _token(self, **form: str) -> dict[str, Any]:
        return self._json("/token", data=form, auth=self.clients[0])

    def _json(self, path: str, **request: Any) -> dict[str, Any]:
        response = self._http.post(path, **request)
        response.raise_for_status()
        body: dict[str, Any] = response.json()
        return body


def client_credentials(registered: Registered) -> Load:
    form = {"grant_type": "client_credentials", "scope": "profile"}
    return Load([post("/token", header, form) for header in registered.authorizations])


def client_credentials_jwt(registered: Registered) -> Load:
    """Issue JWTs, signed with ES256."""
    form = {"grant_type": "client_credentials", "resource": registered.resource}
    return Load([post("/token", header, form) for header in registered.authorizations])


def client_credentials_dpop(registered: Registered) -> Load:
    """Issue tokens bound to a key by a DPoP proof, a new one for each request."""
    load = client_credentials(registered)
    return replace(load, proofs_for=registered.token_endpoint)


def introspection_jwt(registered: Registered) -> Load:
    """Introspect JWTs, half of clients and half of users."""
    registered.add_jwts()
    headers = itertools.cycle(registered.authorizations)
    return Load([post("/introspect", next(headers), {"token": each}) for each in registered.jwts])


def introspection(registered: Registered) -> Load:
    """Introspect tokens, half of clients and half of users."""
    headers = itertools.cycle(registered.authorizations)
    return Load(
        [post("/introspect", next(headers), {"token": token}) for token in _mixed(registered)]
    )


def profile(registered: Registered) -> Load:
    """Read profiles, half with tokens of clients and half with tokens of users."""
    return Load([get("/profile", f"Bearer {token}") for token in _mixed(registered)])


def refresh(registered: Registered) -> Load:
    """Rotate tokens; each connection has its own family."""
    registered.add_people()
    token = registered.people[0].refresh_token
    form = {"grant_type": "refresh_token", "refresh_token": token}
    request = post("/token", registered.authorizations[0], form)
    return Load([request.removesuffix(token)], [pair.refresh_token for pair in registered.people])


def password(registered: Registered) -> Load:
    return Load(
        [post("/token", header, registered.login()) for header in registered.authorizations]
    )


Scenario = Callable[[Registered], Load]
SCENARIOS: dict[str, Scenario] = {
    "client_credentials": client_credentials,
    "introspection": introspection,
    "client_credentials_jwt": client_credentials_jwt,
    "client_credentials_dpop": client_credentials_dpop,
    "introspection_jwt": introspection_jwt,
    "profile": profile,
    "refresh": refresh,
    PASSWORD_SCENARIO: password,  # last: the others are compared with the ceiling
}


def post(path: str, authorization: str, form: dict[str, str]) -> str:
    """Return a form post as sent over the wire; the form comes last."""
    body = urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def get(path: str, authorization: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n"


def _mixed(registered: Registered) -> list[str]:
    registered.add_machines()
    registered.add_people()
    user_tokens = [pair.access_token for pair in registered.people]
    return [token for both in zip(registered.machines, user_tokens, strict=True) for token in both]
