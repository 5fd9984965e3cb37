"""Benchmark scenarios: their requests, prepared beforehand."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.oauth.exchange.token_types import ACCESS_TOKEN, TOKEN_EXCHANGE
from benchmarks.codes import CODE_VERIFIER
from benchmarks.http_text import get, post
from benchmarks.registered import REDIRECT_URI, Registered
from benchmarks.supplies import Supply

PASSWORD_SCENARIO = "password"


@dataclass(frozen=True, slots=True)
class Load:
    """Requests to repeat; with `chains`, each chain completes the one request with its token.

    With `proofs_for`, each request gets a new DPoP proof for this URL. With a `supply`, its
    requests are sent once each instead.
    """

    requests: list[str]
    chains: list[str] | None = None
    proofs_for: str | None = None
    supply: Supply | None = None


def client_credentials(registered: Registered) -> Load:
    form = {"grant_type": "client_credentials", "scope": "profile"}
    return Load([post("/token", header, form) for header in registered.authorizations])


def client_credentials_jwt(registered: Registered) -> Load:
    """Issue JWTs, signed with ES256."""
    form = {"grant_type": "client_credentials", "resource": registered.resources.jwt}
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


def introspection_group(registered: Registered) -> Load:
    """Introspect tokens of users for a client with a group mapping."""
    headers = itertools.cycle(registered.authorizations)
    return Load(
        [
            post("/introspect", next(headers), {"token": token})
            for token in registered.tokens_with_groups
        ]
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


def authorization_code(registered: Registered) -> Load:
    """Redeem codes with PKCE for an access, a refresh and an ID token."""
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code_verifier": CODE_VERIFIER,
    }

    def redemptions() -> list[str]:
        headers = itertools.cycle(registered.authorizations)
        codes = registered.new_codes()
        return [post("/token", next(headers), {**form, "code": code}) for code in codes]

    return Load([], supply=Supply(redemptions))


def token_exchange(registered: Registered) -> Load:
    """Exchange the access token of each of the user's families, with an actor token."""
    registered.add_people()
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token_type": ACCESS_TOKEN,
        "actor_token_type": ACCESS_TOKEN,
        "resource": registered.resources.opaque,
    }
    actors = itertools.cycle(registered.actors)
    return Load(
        [
            post(
                "/token",
                header,
                {**form, "subject_token": pair.access_token, "actor_token": actor_token},
            )
            for pair, (header, actor_token) in zip(registered.people, actors, strict=False)
        ]
    )


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
    "introspection_group": introspection_group,
    "profile": profile,
    "refresh": refresh,
    "authorization_code": authorization_code,
    "token_exchange": token_exchange,
    PASSWORD_SCENARIO: password,  # last: the others are compared with the ceiling
}


def _mixed(registered: Registered) -> list[str]:
    registered.add_machines()
    registered.add_people()
    user_tokens = [pair.access_token for pair in registered.people]
    return [token for both in zip(registered.machines, user_tokens, strict=True) for token in both]
