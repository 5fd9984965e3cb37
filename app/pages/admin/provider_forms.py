"""The identity provider that a page is about, and the fields of its forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends

from app.i18n.messages import N_
from app.models.federation.identity_providers import IdentityProvider
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep
from app.pages.admin.forms import Field
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest
from app.schemas.identity_providers import DEFAULT_SCOPE

PLACE = "providers"
PATH = url_of(PLACE)
LONGEST_SECRET = 1000
ANY_NAME = "NAME"
"""Stands for the name in the redirect URI of a provider that is not created yet."""

NAME = Field(
    "name",
    N_("Name"),
    hint=N_("Part of the redirect URI that you register with the provider: %(uri)s"),
    is_required=True,
    maximum=40,
)
LABEL = Field(
    "label",
    N_("Text of the button"),
    hint=N_("For example, Work account. Without a text, the button shows the name."),
    maximum=100,
)
ISSUER = Field(
    "issuer",
    N_("Issuer"),
    hint=N_("Its https address, as its discovery document states it. It can't be changed later."),
    is_required=True,
    maximum=300,
)
CLIENT_ID = Field(
    "client_id",
    N_("Client ID"),
    hint=N_("The ID that the provider issued to this server."),
    is_required=True,
    maximum=300,
)
SECRET = Field(
    "client_secret",
    N_("Client secret"),
    hint=N_("Leave it empty if the provider issued none. It is never shown again."),
    wrong=N_("Enter at most 1,000 characters."),
    kind="password",
    maximum=LONGEST_SECRET,
)
SCOPE = Field(
    "scope",
    N_("Scopes"),
    hint=N_("What this server asks the provider for: names with spaces between them."),
    is_required=True,
    maximum=300,
)
EDIT_FIELDS = (LABEL, CLIENT_ID, SCOPE)
NEW_VALUES = {SCOPE.name: DEFAULT_SCOPE}


@dataclass(frozen=True, slots=True)
class ProviderRequest(ObjectRequest):
    """A request for a page about one identity provider."""

    provider: IdentityProvider

    @property
    def url(self) -> str:
        return f"{PATH}/{self.provider.name}"

    @property
    def shown_name(self) -> str:
        return self.provider.label

    @property
    def version(self) -> str:
        return str(self.provider.version)


async def get_provider_request(request: ConsoleRequestDep, name: str) -> ProviderRequest:
    """Return the request with its provider; raise `NotFoundError` if it is unknown."""
    provider = await request.services.federation.identity_providers.get(name)
    return ProviderRequest(
        request.browser, request.fields, request.signed_in, request.authority, provider
    )


ProviderRequestDep = Annotated[ProviderRequest, Depends(get_provider_request)]


def new_fields(request: ConsoleRequest) -> Sequence[Field]:
    uri = request.services.core.links.provider_callback(ANY_NAME)
    name = replace(NAME, hint=request.text(NAME.hint) % {"uri": uri})
    return name, LABEL, ISSUER, CLIENT_ID, SECRET, SCOPE


def stored_values(provider: IdentityProvider) -> dict[str, str]:
    """Return the values of the form."""
    return {field.name: getattr(provider, field.name) for field in EDIT_FIELDS}


def body_values(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a body, which has no secret; an empty label is none."""
    settings = {name: value for name, value in typed.items() if name != SECRET.name}
    return {**settings, LABEL.name: typed[LABEL.name] or None}
