"""What templates show of clients, people and scopes."""

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request

from app.models.clients import Client
from app.models.consents import Consent
from app.models.users import User
from app.oauth.claims import all_claims_of
from app.oauth.redirect_uris import app_scheme_of, host_of, is_loopback
from app.oauth.scopes import SCOPES
from app.pages.languages import text_for
from app.services.sessions import SignedIn


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as pages show it.

    `return_host` is where the user goes back to; for an app on the user's device it is "", and
    `return_scheme` is the scheme that starts the app.
    """

    name: str
    logo_url: str | None
    client_uri: str | None
    policy_uri: str | None
    tos_uri: str | None
    return_host: str
    return_scheme: str
    is_verified: bool
    is_loopback: bool


@dataclass(frozen=True, slots=True)
class PersonView:
    name: str
    username: str
    initials: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeView:
    name: str
    text: str
    is_new: bool


def name_of_client(request: Request, client: Client) -> str:
    """Return the client's name; never a host that an unnamed client chose."""
    if client.client_name.strip():
        return client.client_name
    text = text_for(request)
    return text("Unnamed app (%(client_id)s)") % {"client_id": client.client_id}


def view_of_client(request: Request, client: Client, redirect_uri: str = "") -> ClientView:
    said = client.further_metadata
    return ClientView(
        name=name_of_client(request, client),
        logo_url=f"/clients/{client.client_id}/logo" if said.get("logo_uri") else None,
        client_uri=said.get("client_uri"),
        policy_uri=said.get("policy_uri"),
        tos_uri=said.get("tos_uri"),
        return_host=host_of(redirect_uri),
        return_scheme=app_scheme_of(redirect_uri),
        is_verified=client.trust != "none",
        is_loopback=is_loopback(redirect_uri),
    )


def view_of_person(signed_in: SignedIn) -> PersonView:
    name = str(all_claims_of(signed_in.user).get("name") or signed_in.user.username)
    return PersonView(
        name=name,
        username=signed_in.user.username,
        initials=initials_of(name),
        session_id=signed_in.session.session_id,
    )


def view_of_user(user: User) -> PersonView:
    """Somebody who is not signed in yet."""
    return PersonView(user.username, user.username, initials_of(user.username))


def groups_of(secret: str) -> list[str]:
    """A secret in groups of four, as people type it."""
    return [secret[place : place + 4] for place in range(0, len(secret), 4)]


def initials_of(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[0], *words[1:][-1:]) if word).upper() if words else ""


def views_of_scopes(
    request: Request, scopes: Iterable[str], known: Consent | None
) -> list[ScopeView]:
    """In the order of our own table; what is not in it is an application's, by its name.

    Only our own sentences are translated: what goes through gettext counts as safe in a template.
    """
    text = text_for(request)
    granted = known.scopes if known is not None else frozenset()
    asked = set(scopes)
    ordered = [name for name in SCOPES if name in asked] + sorted(asked - SCOPES.keys())
    return [
        ScopeView(
            name,
            text(SCOPES[name]) if name in SCOPES else name,
            is_new=bool(granted) and name not in granted,
        )
        for name in ordered
    ]
