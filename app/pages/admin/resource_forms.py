"""The resource that a page is about, and the fields of its forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from app.i18n.messages import N_
from app.models.oauth.resources import Resource
from app.pages.admin.base import ConsoleRequestDep
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest
from app.schemas.resources import ResourceBody
from app.services.oauth.stated_resources import stated_resource

PLACE = "resources"
PATH = url_of(PLACE)
ALL, LISTED = "all", "listed"

NAME = Field(
    "name",
    N_("Short name"),
    hint=N_("It is part of addresses and commands, and can't be changed later."),
    wrong=N_("Enter 1 to 64 lower-case letters, digits and hyphens."),
    is_required=True,
    maximum=64,
)
IDENTIFIER = Field(
    "identifier",
    N_("Identifier"),
    hint=N_(
        "The address of the API, such as https://reports.example.com. It is the "
        "audience of the tokens, and can't be changed later."
    ),
    wrong=N_("Enter an absolute URI in lower case, without # and a user name."),
    is_required=True,
    maximum=500,
)
TITLE = Field(
    "title",
    N_("Title"),
    hint=N_("What the consent page calls the resource."),
    wrong=N_("Enter a name of 1 to 200 characters."),
    is_required=True,
)
CLIENTS = Field(
    "is_open_to_all_clients",
    N_("Allowed clients"),
    kind="select",
    options=(
        Option(LISTED, N_("Only the clients listed here")),
        Option(ALL, N_("Every client")),
    ),
)
ALIASES = Field(
    "aliases",
    N_("Aliases"),
    hint=N_("Other addresses by which clients name the resource, one in each line."),
    wrong=N_("Enter up to 20 absolute URIs, each in a line and none twice."),
    kind="textarea",
    maximum=11_000,
)
FORMAT = Field(
    "token_format",
    N_("Format of access tokens"),
    hint=N_(
        "A JWT can be verified without asking this server. An opaque token can be "
        "revoked immediately."
    ),
    kind="select",
    options=(Option("opaque", N_("Opaque")), Option("jwt", "JWT", is_data=True)),
)
ALGORITHM = Field(
    "signing_alg",
    N_("Signing algorithm of JWTs"),
    kind="select",
    options=[Option(each, each, is_data=True) for each in ("ES256", "EdDSA", "RS256", "PS256")],
)
LIFETIME = Field(
    "access_token_ttl",
    N_("Lifetime of access tokens in seconds"),
    hint=N_("Leave it empty for the general lifetime."),
    wrong=N_("Enter a number from 60 to 86,400."),
    maximum=5,
)
METADATA = Field("shows_metadata", N_("Publish the metadata of the resource"), kind="check")
PERSONAL = Field(
    "allows_personal_tokens", N_("Let users create personal access tokens"), kind="check"
)
AGENTS = Field("agents", N_("Let agents that aren't registered request it"), kind="check")
NEW_FIELDS = (NAME, IDENTIFIER, TITLE, CLIENTS)
FIELDS = (TITLE, CLIENTS, ALIASES, FORMAT, ALGORITHM, LIFETIME, METADATA, PERSONAL, AGENTS)
CHECKS = (METADATA, PERSONAL, AGENTS)


@dataclass(frozen=True, slots=True)
class ResourceRequest(ObjectRequest):
    """A request for a page about one resource."""

    resource: Resource

    @property
    def url(self) -> str:
        return f"{PATH}/{self.resource.name}"

    @property
    def shown_name(self) -> str:
        return self.resource.title

    @property
    def version(self) -> str:
        return str(self.resource.version)

    async def store(self, changes: Mapping[str, Any], fields: Sequence[Field]) -> None:
        """Change members of the resource; show the form again with what is wrong."""
        body = parse_body(self, ResourceBody, {**stated_resource(self.resource), **changes}, fields)
        await self.services.oauth.resources.change(
            self.resource.name,
            body,
            version=self.resource.version,
            authority=self.authority,
        )


async def get_resource_request(request: ConsoleRequestDep, name: str) -> ResourceRequest:
    """Return the request with its resource; raise `NotFoundError` if there is none."""
    resource = await request.services.oauth.resources.get(name)
    return ResourceRequest(
        request.browser, request.fields, request.signed_in, request.authority, resource
    )


ResourceRequestDep = Annotated[ResourceRequest, Depends(get_resource_request)]


def stored_values(resource: Resource) -> dict[str, str]:
    """Return the values of the form."""
    return {
        TITLE.name: resource.title,
        CLIENTS.name: ALL if resource.is_open_to_all_clients else LISTED,
        ALIASES.name: "\n".join(sorted(resource.aliases)),
        FORMAT.name: resource.token_format,
        ALGORITHM.name: resource.signing_alg,
        LIFETIME.name: str(resource.access_token_ttl or ""),
        METADATA.name: "1" if resource.shows_metadata else "",
        PERSONAL.name: "1" if resource.allows_personal_tokens else "",
        AGENTS.name: "1" if resource.is_for_agents else "",
    }


def body_values(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the members that were typed."""
    values: dict[str, Any] = {**typed, CLIENTS.name: typed[CLIENTS.name] == ALL}
    if ALIASES.name in typed:
        values[ALIASES.name] = typed[ALIASES.name].split()
        values[LIFETIME.name] = typed[LIFETIME.name] or None
        values |= {each.name: bool(typed[each.name]) for each in CHECKS}
    return values
