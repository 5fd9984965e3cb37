"""Which clients get refresh tokens, and how long a used one still gets a response."""

from dataclasses import dataclass
from datetime import timedelta

from app.models.clients.clients import Client
from app.oauth.scopes import OFFLINE_ACCESS
from app.services.clients.clients import application_type_of
from app.services.clients.kinds import DEVICE_CODE

GRACE = timedelta(seconds=30)

NATIVE = "native"

SIGN_IN_GRANTS = ("authorization_code", DEVICE_CODE)


@dataclass(frozen=True, slots=True)
class RefreshGrace:
    """The grace window of used refresh tokens.

    `of_agents` is the window of public clients that run on the user's device, or are described by a
    document: several of their processes share one stored token.
    """

    of_agents: timedelta

    def of(self, client: Client) -> timedelta:
        return self.of_agents if is_shared_by_processes(client) else GRACE


def may_refresh(client: Client, scope: str) -> bool:
    """Return whether a client gets a refresh token with the tokens of a user."""
    if client.check_grant_type("refresh_token"):
        return True
    return OFFLINE_ACCESS in scope.split() and may_ask_to_refresh(client)


def may_ask_to_refresh(client: Client) -> bool:
    """Return whether a client need not register the grant if it asks for `offline_access`.

    This holds for public clients and those with a document (MCP; OpenID Connect Core section 11).
    """
    has_grant_of_users = any(client.check_grant_type(each) for each in SIGN_IN_GRANTS)
    return has_grant_of_users and (client.is_public or client.has_document)


def is_shared_by_processes(client: Client) -> bool:
    """Return whether processes that do not know of each other may hold tokens of one sign-in."""
    if not client.is_public:
        return False
    if client.has_document:
        return True
    stated = client.registered_metadata.application_type
    return (stated or application_type_of(client.redirect_uri_list)) == NATIVE
