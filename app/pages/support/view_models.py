"""View models of clients and users for the templates."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.oauth.claims import all_claims_of
from app.oauth.redirect_uris import app_scheme_of, host_of, is_loopback
from app.pages.support.negotiation import text_for
from app.security.document_urls import host_in
from app.security.shared_hosting import place_of
from app.services.accounts.sessions import SignedIn


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as pages show it.

    `return_host` is the host that the user returns to. For an app on the user's device it is "",
    and `return_scheme` is the URI scheme that opens the app. A client with a document has the host
    that published it, and the place: on shared hosting, the host says nothing without the path.
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
    document_host: str
    document_place: str


@dataclass(frozen=True, slots=True)
class UserView:
    name: str
    username: str
    initials: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class SupportView:
    """Where users ask for help."""

    text: str
    href: str


def view_of_support(contact: str | None) -> SupportView | None:
    """Return the view of `SUPPORT_CONTACT`, which is an email address or a URL."""
    if contact is None:
        return None
    return SupportView(contact, contact if "://" in contact else f"mailto:{contact}")


def name_of_client(request: Request, client: Client) -> str:
    """Return the client's name, or a text with its id; never a host that the client chose."""
    if client.client_name.strip():
        return client.client_name
    text = text_for(request)
    return text("Unnamed app (%(client_id)s)") % {"client_id": client.client_id}


def logo_url_of(client: Client) -> str | None:
    """Return where our server shows the client's logo."""
    if not client.registered_metadata.logo_uri:
        return None
    if client.has_document:
        return f"/clients/logo?{urlencode({'client_id': client.client_id})}"
    return f"/clients/{client.client_id}/logo"


def view_of_client(request: Request, client: Client, redirect_uri: str = "") -> ClientView:
    metadata = client.registered_metadata
    url = client.identifier if client.has_document else ""
    return ClientView(
        name=name_of_client(request, client),
        logo_url=logo_url_of(client),
        client_uri=metadata.client_uri,
        policy_uri=metadata.policy_uri,
        tos_uri=metadata.tos_uri,
        return_host=host_of(redirect_uri),
        return_scheme=app_scheme_of(redirect_uri),
        is_verified=client.trust != "none",
        is_loopback=is_loopback(redirect_uri),
        document_host=host_in(url) if url else "",
        document_place=place_of(url) if url else "",
    )


def view_of_signed_in(signed_in: SignedIn) -> UserView:
    name = str(all_claims_of(signed_in.user).get("name") or signed_in.user.username)
    return UserView(
        name=name,
        username=signed_in.user.username,
        initials=initials_of(name),
        session_id=signed_in.session.session_id,
    )


def view_of_user(user: User) -> UserView:
    """Return the view of a user who is not signed in yet; it has no session."""
    return UserView(user.username, user.username, initials_of(user.username))


def groups_of(secret: str) -> list[str]:
    """Split a secret into groups of four characters, which are easier to type."""
    return [secret[start : start + 4] for start in range(0, len(secret), 4)]


def initials_of(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[0], *words[1:][-1:]) if word).upper() if words else ""
