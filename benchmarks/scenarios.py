"""What is asked of the server: the requests of each scenario, made over HTTP beforehand."""

import base64
import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import pyotp

PASSWORD_SCENARIO = "password"
PASSWORD = "correct horse battery staple"
CLIENTS = 16
DOCUMENTED_CLIENT = {"redirect_uri": "http://localhost:3000/callback"}


@dataclass(frozen=True, slots=True)
class Load:
    """Requests to repeat; with `chains` the one request is completed by each one's last token."""

    requests: list[str]
    chains: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    access_token: str
    refresh_token: str


class Registered:
    """Clients, a person and tokens in the database that is measured."""

    def __init__(self, http: httpx.Client, *, tokens: int) -> None:
        self._http = http
        self._tokens = tokens
        self.clients = [self._client() for _ in range(CLIENTS)]
        self.username = self._enrolled_user()
        self.machines: list[str] = []
        self.people: list[Pair] = []

    def add_machines(self) -> None:
        """Access tokens of clients, once."""
        while len(self.machines) < self._tokens:
            self.machines.append(self._token(grant_type="client_credentials")["access_token"])

    def add_people(self) -> None:
        """Pairs of tokens, each of a family of its own, once."""
        while len(self.people) < self._tokens:
            answer = self._token(**self.login())
            self.people.append(Pair(answer["access_token"], answer["refresh_token"]))

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
        made = self._json("/create_client", json=body)
        return made["client_id"], made["client_secret"]

    def _enrolled_user(self) -> str:
        username = f"bench-{secrets.token_hex(4)}"
        person = {"username": username, "password": PASSWORD}
        found = re.search(
            r"secret=([A-Z2-7]+)", self._json("/register_user", json=person)["otp_uri"]
        )
        assert found is not None
        code = pyotp.TOTP(found.group(1)).now()
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
    return Load([post("/token", each, form) for each in registered.authorizations])


def introspection(registered: Registered) -> Load:
    """Half the tokens belong to clients, half to people."""
    asking = itertools.cycle(registered.authorizations)
    return Load([post("/introspect", next(asking), {"token": each}) for each in _mixed(registered)])


def profile(registered: Registered) -> Load:
    """Half the tokens belong to clients, half to people."""
    return Load([get("/profile", f"Bearer {each}") for each in _mixed(registered)])


def refresh(registered: Registered) -> Load:
    """Each connection rotates the tokens of its own family."""
    registered.add_people()
    first = registered.people[0].refresh_token
    form = {"grant_type": "refresh_token", "refresh_token": first}
    whole = post("/token", registered.authorizations[0], form)
    return Load([whole.removesuffix(first)], [pair.refresh_token for pair in registered.people])


def password(registered: Registered) -> Load:
    return Load([post("/token", each, registered.login()) for each in registered.authorizations])


Scenario = Callable[[Registered], Load]
SCENARIOS: dict[str, Scenario] = {
    "client_credentials": client_credentials,
    "introspection": introspection,
    "profile": profile,
    "refresh": refresh,
    PASSWORD_SCENARIO: password,  # the last: the others stand beside the ceiling
}


def post(path: str, authorization: str, form: dict[str, str]) -> str:
    """A form post as it goes over the wire; the form comes last."""
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
    people = [pair.access_token for pair in registered.people]
    return [token for both in zip(registered.machines, people, strict=True) for token in both]
