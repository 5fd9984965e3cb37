"""What the benchmark scenarios need in the measured database, prepared beforehand."""

import itertools
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import pyotp

from app.oauth.exchange.token_types import TOKEN_EXCHANGE
from benchmarks.codes import insert_codes
from benchmarks.http_text import Client, basic
from benchmarks.resources import Resources, allow_exchange, create_resources, map_groups

PASSWORD = "correct horse battery staple"
CLIENTS = 16
CODES_AT_ONCE = 8_192
REDIRECT_URI = "http://localhost:3000/callback"
DOCUMENTED_CLIENT = {"redirect_uri": REDIRECT_URI}
SERVICE = {"grant_types": ["client_credentials", TOKEN_EXCHANGE], "response_types": []}


@dataclass(frozen=True, slots=True)
class Pair:
    access_token: str
    refresh_token: str


class Registered:
    """Clients, a user and tokens in the measured database.

    Its URL is needed only for the scenarios with a resource, a group or authorization codes.
    """

    def __init__(self, http: httpx.Client, *, tokens: int, database_url: str | None = None) -> None:
        self._http = http
        self._tokens = tokens
        self._database_url = database_url
        self.clients = [self._client(DOCUMENTED_CLIENT) for _ in range(CLIENTS)]
        self.username = self._enrolled_user()
        self.machines: list[str] = []
        self.people: list[Pair] = []
        self.jwts: list[str] = []

    @cached_property
    def resources(self) -> Resources:
        """The identifiers of the resources, which all clients serve."""
        return create_resources(self._url, servers=self._client_ids)

    @cached_property
    def actors(self) -> list[tuple[str, str]]:
        """The `Authorization` headers of services and their own access tokens.

        They may exchange the tokens of the user for the resource with opaque ones.
        """
        services = [self._client(SERVICE) for _ in range(CLIENTS)]
        names = [client_id for client_id, _ in services]
        allow_exchange(self._url, names, of=self._client_ids[0])
        form = {"grant_type": "client_credentials"}
        return [
            (basic(each), self._json("/token", data=form, auth=each)["access_token"])
            for each in services
        ]

    @cached_property
    def tokens_with_groups(self) -> list[str]:
        """Access tokens of the user for a client whose introspection has the user's groups."""
        client = self._client(DOCUMENTED_CLIENT)
        map_groups(self._url, client[0], username=self.username)
        return [
            self._json("/token", data=self.login(), auth=client)["access_token"]
            for _ in range(self._tokens)
        ]

    def new_codes(self) -> list[str]:
        """Insert authorization codes, which are for the clients in turn."""
        return insert_codes(
            self._url, self._client_ids, redirect_uri=REDIRECT_URI, count=CODES_AT_ONCE
        )

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
            response = self._token(**next(forms), resource=self.resources.jwt)
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
        return [basic(client) for client in self.clients]

    @property
    def _client_ids(self) -> list[str]:
        return [client_id for client_id, _ in self.clients]

    @property
    def _url(self) -> str:
        if self._database_url is None:
            raise ValueError("this scenario needs the URL of the database")
        return self._database_url

    def _client(self, metadata: Mapping[str, Any]) -> Client:
        body = {"client_name": f"bench-{secrets.token_hex(4)}", **metadata}
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
