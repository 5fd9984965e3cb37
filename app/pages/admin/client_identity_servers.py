"""`/admin/clients/{client_id}/identity-servers`: where a client may take users' identities.

An entry allows identity assertions (ID-JAG) for one other authorization server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from app.details import Detail
from app.errors import InvalidInputError, NotFoundError
from app.i18n.messages import N_
from app.pages.admin.base import NEW
from app.pages.admin.client_access import KIND, MOST_GROUPS, OF_GROUPS, policies_of
from app.pages.admin.client_forms import PATH, ClientRequest, ClientRequestDep, get_client_request
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.admin.views import Cell, Link, Part, Table
from app.pages.support import ShowAgainError, redirect
from app.schemas.client_policies import MAXIMUM_EXCHANGE_NAMES, IdentityAssertionPolicy

PLACE = "identity-servers"
LONGEST_NUMBER = 3
LONG = 10_000

AUDIENCE = Field(
    "audience",
    N_("Server"),
    hint=N_("The exact issuer of the other server."),
    wrong=N_("Enter a URL, such as https://chat.example."),
    is_required=True,
    maximum=2000,
)
RELYING_PARTY = Field(
    "relying_party",
    N_("Client of that server here"),
    hint=N_("The ID of the client by which the other server signs in users of this one."),
    wrong=N_("Enter one client ID."),
    is_required=True,
    maximum=255,
)
CLIENT = Field(
    "client_id",
    N_("Client ID there"),
    hint=N_("The ID that this client has at the other server."),
    wrong=N_("Enter one client ID."),
    is_required=True,
    maximum=255,
)
ACCESS = Field(
    "access",
    N_("Users whose identities it may take there"),
    wrong=N_("Choose one of the values."),
    kind="select",
    options=KIND.options,
    is_required=True,
)
GROUPS = Field("groups", N_("Groups"), kind="checks")
RESOURCES = Field(
    "resources",
    N_("Resources there"),
    hint=N_("Their identifiers, with spaces between them."),
    wrong=N_("Enter 1 to 20 URLs, with spaces between them."),
    is_required=True,
    maximum=LONG,
)
SCOPES = Field(
    "scopes",
    N_("Scopes at most"),
    hint=N_("Names separated by spaces. If empty, the client can't request any."),
    wrong=N_('Enter up to 100 names of scopes, without " and \\.'),
    maximum=LONG,
)
EMAIL = Field("release_email", N_("Pass on verified email addresses"), kind="check")
LISTS = (RESOURCES, SCOPES)
TEXTS = (AUDIENCE, RELYING_PARTY, CLIENT)
FIELDS = (*TEXTS, ACCESS, GROUPS, *LISTS, EMAIL)
NO_GROUP = N_("Choose at least one group.")
ONLY_GROUPS = N_("Leave it empty, or choose the groups as the users.")
TWICE = N_("Another entry of this client is for that server.")
TOO_MANY = N_("A client has at most 100 of these servers. Remove one first.")


@dataclass(frozen=True, slots=True)
class IdentityServerRequest(ClientRequest):
    """A request for a page about one server: the `place` in the list of the client."""

    place: int

    @property
    def entry(self) -> IdentityAssertionPolicy:
        return policies_of(self).identity_assertions[self.place]

    @property
    def shown_name(self) -> str:
        return self.entry.audience


async def get_server_request(request: ClientRequestDep, number: str) -> IdentityServerRequest:
    """Return the request with its server; raise `NotFoundError` if there is none."""
    is_number = number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER
    if not is_number or not 1 <= int(number) <= len(policies_of(request).identity_assertions):
        raise NotFoundError
    return IdentityServerRequest(
        request.browser,
        request.fields,
        request.signed_in,
        request.authority,
        request.client,
        int(number) - 1,
    )


def part_of_identity_servers(request: ClientRequest) -> Part:
    text, url = request.text, request.client_url
    return Part(
        text("Identities at other servers"),
        Table(
            columns=[text("Server"), text("Client ID there"), text("Users"), text("Actions")],
            rows=[
                [
                    Cell(each.audience, is_code=True),
                    Cell(each.client_id, is_code=True),
                    Cell(words=KIND.label_of(each.access.kind, text)),
                    Cell(
                        links=request.offered(
                            Link(text("Edit"), f"{url}/{PLACE}/{number}"),
                            Link(text("Remove"), f"{url}/remove-identity-server/{number}"),
                        )
                    ),
                ]
                for number, each in enumerate(policies_of(request).identity_assertions, start=1)
            ],
            empty=text(
                "The client can't take users' identities to other authorization servers. Add one, "
                "so that it gets identity assertions (ID-JAG) by token exchange."
            ),
        ),
        links=request.offered(Link(text("Add a server"), f"{url}/{PLACE}/{NEW}")),
    )


async def fields_of(request: ClientRequest) -> Sequence[Field]:
    """Return the fields, with the groups that there are."""
    groups = await request.services.accounts.groups.list_page(limit=MOST_GROUPS)
    options = [Option(each.group_id, each.name, is_data=True) for each in groups]
    boxes = replace(GROUPS, options=options)
    shown = FIELDS if groups else [field for field in FIELDS if field is not GROUPS]
    return [boxes if field is GROUPS else field for field in shown]


def stored_values(request: IdentityServerRequest) -> Mapping[str, str]:
    """Return the values of the form."""
    entry = request.entry
    return {
        **{field.name: getattr(entry, field.name) for field in TEXTS},
        **{field.name: " ".join(getattr(entry, field.name)) for field in LISTS},
        ACCESS.name: entry.access.kind,
        GROUPS.name: " ".join(entry.access.groups),
        EMAIL.name: "1" if entry.release_email else "",
    }


async def _add(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    entry = await _typed_entry(request, typed, stored=())
    await _set(request, [*policies_of(request).identity_assertions, entry])
    return redirect(f"{request.client_url}?done=added")


async def _save(request: IdentityServerRequest, typed: Mapping[str, str]) -> Response:
    entries = [*policies_of(request).identity_assertions]
    entries[request.place] = await _typed_entry(request, typed, stored=request.entry.access.groups)
    await _set(request, entries)
    return redirect(f"{request.client_url}?done=saved")


async def _remove(request: IdentityServerRequest, _typed: Mapping[str, str]) -> Response:
    entries = [*policies_of(request).identity_assertions]
    del entries[request.place]
    await _set(request, entries)
    return redirect(f"{request.client_url}?done=removed")


async def _typed_entry(
    request: ClientRequest, typed: Mapping[str, str], *, stored: Sequence[str]
) -> IdentityAssertionPolicy:
    """Return the entry of a form; groups that it does not show remain."""
    boxes = next((each for each in await fields_of(request) if each.name == GROUPS.name), GROUPS)
    shown, chosen = {each.value for each in boxes.options}, typed.get(GROUPS.name, "").split()
    kind, groups = typed[ACCESS.name], list[str]()
    if kind == OF_GROUPS:
        groups = [*chosen, *(each for each in stored if each not in shown)]
        if not groups:
            raise ShowAgainError({ACCESS.name: request.text(NO_GROUP)})
    elif chosen:
        raise ShowAgainError({GROUPS.name: request.text(ONLY_GROUPS)})
    return parse_body(
        request,
        IdentityAssertionPolicy,
        {
            **{field.name: typed[field.name] for field in TEXTS},
            **{field.name: typed[field.name].split() for field in LISTS},
            ACCESS.name: {"kind": kind, "groups": groups},
            EMAIL.name: bool(typed[EMAIL.name]),
        },
        FIELDS,
    )


async def _set(request: ClientRequest, entries: Sequence[IdentityAssertionPolicy]) -> None:
    """Store the entries; show the form again with what is wrong beside its field."""
    if len({each.audience for each in entries}) < len(entries):
        raise ShowAgainError({AUDIENCE.name: request.text(TWICE)})
    if len(entries) > MAXIMUM_EXCHANGE_NAMES:
        raise ShowAgainError({"": request.text(TOO_MANY)})
    try:
        await request.services.clients.policies.set(
            request.client.client_id,
            policies_of(request).model_copy(update={"identity_assertions": tuple(entries)}),
            version=request.client.version,
            authority=request.authority,
        )
    except InvalidInputError as error:
        is_client = error.detail == Detail.CLIENT_UNKNOWN
        error.field = RELYING_PARTY.name if is_client else ACCESS.name
        raise


ADD = ObjectForm(
    path=f"{PATH}/{{client_id}}/{PLACE}/{NEW}",
    request_of=get_client_request,
    heading=N_("Add a server for users' identities"),
    introduction=N_(
        "The client gets identity assertions (ID-JAG) for these users, and acts for them at the "
        "other server, without another sign-in."
    ),
    submit=N_("Add server"),
    needs_fresh_sign_in=True,
    fields=fields_of,
    run=_add,
)
EDIT = ObjectForm(
    path=f"{PATH}/{{client_id}}/{PLACE}/{{number}}",
    request_of=get_server_request,
    heading=N_("Edit server for users' identities"),
    submit=N_("Save"),
    needs_fresh_sign_in=True,
    fields=fields_of,
    stored=stored_values,
    run=_save,
)
REMOVE = ObjectForm(
    path=f"{PATH}/{{client_id}}/remove-identity-server/{{number}}",
    request_of=get_server_request,
    heading=N_("Remove this server?"),
    introduction=N_("The client gets no more identity assertions for it."),
    submit=N_("Remove server"),
    needs_fresh_sign_in=True,
    is_danger=True,
    run=_remove,
)
routers = form_routers(ADD, EDIT, REMOVE)
