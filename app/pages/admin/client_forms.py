"""The client that a page is about, and the fields of its forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.clients.clients import Client
from app.pages.admin.base import ConsoleRequestDep
from app.pages.admin.forms import Field
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest

PLACE = "clients"
PATH = url_of(PLACE)
LONGEST_LIST = 20_000
WRONG_URL = N_("Enter an address that begins with https://.")
WRONG_URIS = N_("Enter addresses such as https://app.example.com/callback, one in each line.")

NAME = Field(
    "client_name",
    N_("Name"),
    hint=N_("Users see it when they sign in, and in their account."),
    wrong=N_("Enter a name of at most 200 characters."),
    is_required=True,
)
REDIRECT_URIS = Field(
    "redirect_uris",
    N_("Redirect URIs"),
    hint=N_("Where users return after the sign-in, one address in each line."),
    wrong=WRONG_URIS,
    kind="textarea",
    is_required=True,
    maximum=LONGEST_LIST,
)
LOGOUT_URIS = Field(
    "post_logout_redirect_uris",
    N_("Redirect URIs after sign-out"),
    hint=N_("One address in each line."),
    wrong=WRONG_URIS,
    kind="textarea",
    maximum=LONGEST_LIST,
)
SCOPE = Field(
    "scope",
    N_("Scopes"),
    hint=N_("What the app may ask for: names with spaces between them."),
    wrong=N_("Enter names with single spaces between them."),
    maximum=5000,
)
LOGO = Field("logo_uri", N_("Logo"), wrong=WRONG_URL, maximum=2000)
HOME_PAGE = Field("client_uri", N_("Home page"), wrong=WRONG_URL, maximum=2000)
PRIVACY = Field("policy_uri", N_("Privacy policy"), wrong=WRONG_URL, maximum=2000)
TERMS = Field("tos_uri", N_("Terms of service"), wrong=WRONG_URL, maximum=2000)
BACKCHANNEL = Field(
    "backchannel_logout_uri",
    N_("Back-channel sign-out"),
    hint=N_("The app is notified here when a user signs out."),
    wrong=WRONG_URL,
    maximum=2000,
)
LISTS = (REDIRECT_URIS.name, LOGOUT_URIS.name)


@dataclass(frozen=True, slots=True)
class ClientRequest(ObjectRequest):
    """A request for a page about one client."""

    client: Client

    @property
    def client_url(self) -> str:
        return f"{PATH}/{self.client.client_id}"

    @property
    def url(self) -> str:
        return self.client_url

    @property
    def version(self) -> str:
        return str(self.client.version)

    @property
    def shown_name(self) -> str:
        return self.client.client_name or self.client.client_id


async def get_client_request(request: ConsoleRequestDep, client_id: str) -> ClientRequest:
    """Return the request with its client; raise `NotFoundError` if the client is unknown.

    One with a document can't be changed, and has a page of its own (`agents`).
    """
    client = await request.services.clients.clients.get(client_id)
    if client.has_document:
        raise NotFoundError(Detail.CLIENT_UNKNOWN)
    return ClientRequest(
        request.browser, request.fields, request.signed_in, request.authority, client
    )


ClientRequestDep = Annotated[ClientRequest, Depends(get_client_request)]


def in_lines(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a form with one URI in each line of a list."""
    return {
        name: "\n".join(value.split()) if name in LISTS else value for name, value in values.items()
    }


def members_of(typed: Mapping[str, str], fields: Sequence[Field]) -> dict[str, Any]:
    """Return client metadata from the values of a form; an empty field removes its member."""
    members: dict[str, Any] = {}
    for field in fields:
        value = typed[field.name]
        if field.name in LISTS:
            members[field.name] = value.split() or None
        else:
            members[field.name] = value if value or field is SCOPE else None
    return members
