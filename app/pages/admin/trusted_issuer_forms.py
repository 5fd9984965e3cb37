"""The trusted issuer that a page is about, and the fields of its forms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from app.details import Detail
from app.errors import NotFoundError
from app.i18n.messages import N_
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.navigation import url_of
from app.pages.admin.object_forms import ObjectRequest
from app.pages.admin.resource_forms import NAME
from app.pages.admin.trusted_issuer_identities import (
    FIRST_VALUES,
    IDENTITIES,
    RULES,
    misplaced_rules,
    stored_rules,
    typed_rules,
)
from app.pages.support import ShowAgainError
from app.schemas.trusted_issuers import HOUR_SECONDS, TrustedIssuerBody, require_public_keys
from app.security.jose import CLIENT_ALGORITHMS

PLACE = "issuers"
PATH = url_of(PLACE)
LONG = 11_000

ISSUER = Field(
    "issuer",
    N_("Issuer"),
    hint=N_("The exact iss of its tokens."),
    wrong=N_("Enter an https URL without a query or fragment."),
    is_required=True,
    maximum=300,
)
JWKS_URI = Field(
    "jwks_uri",
    N_("Address of its keys"),
    hint=N_("Where it publishes its JSON Web Key Set."),
    wrong=N_("Enter an https URL."),
    maximum=2000,
)
JWKS = Field(
    "jwks",
    N_("Its keys"),
    hint=N_("A JSON Web Key Set, for an issuer whose keys this server can't fetch."),
    wrong=N_("Enter a JSON Web Key Set of public keys only."),
    kind="textarea",
    maximum=50_000,
)
ALGORITHMS = Field(
    "algorithms",
    N_("Signing algorithms"),
    wrong=N_("Choose at least one."),
    kind="checks",
    options=[Option(each, each, is_data=True) for each in CLIENT_ALGORITHMS],
)
AUDIENCE = Field(
    "audience",
    N_("Audience"),
    hint=N_("The aud of its tokens: the issuer of this server, or an address below it."),
    wrong=N_("Enter an absolute URI in lower case, without # and a user name."),
    is_required=True,
    maximum=500,
)
SUBJECTS = Field(
    "subjects",
    N_("Subjects"),
    hint=N_("One in each line. * stands for one whole segment between : and /."),
    wrong=N_(
        "Enter 1 to 20 subjects without spaces, each in a line. * must be a whole segment, and not "
        "the only one."
    ),
    kind="textarea",
    is_required=True,
    maximum=LONG,
)
CLIENT = Field(
    "client_id",
    N_("Client ID"),
    hint=N_("The client that the tokens stand for."),
    wrong=N_("There is no client with that ID."),
    maximum=255,
)
USER = Field(
    "user_id",
    N_("Username"),
    hint=N_("The user that the tokens stand for, instead of a client."),
)
PRESENTERS = Field(
    "presenters",
    N_("Clients that may present tokens for the user"),
    hint=N_("Client IDs, one in each line."),
    wrong=N_("Enter up to 100 client IDs, each in a line."),
    kind="textarea",
    maximum=LONG,
)
SCOPES = Field(
    "scopes",
    N_("Scopes at most"),
    hint=N_("Names separated by spaces. If empty, tokens have no scope."),
    wrong=N_('Enter up to 100 names of scopes, without " and \\.'),
    maximum=LONG,
)
RESOURCES = Field(
    "resources",
    N_("Resources at most"),
    hint=N_("Short names with spaces between them."),
    wrong=N_("There is no resource with that name."),
    maximum=LONG,
)
CLAIMS = Field(
    "claims",
    N_("Required claims"),
    hint=N_("One in each line, such as repository_owner_id=65."),
    wrong=N_("Enter up to 20 lines of the form name=value."),
    kind="textarea",
    maximum=LONG,
)
MAXIMUM_AGE = Field(
    "maximum_age",
    N_("Longest lifetime of its tokens in seconds"),
    wrong=N_("Enter a number from 60 to 86,400."),
    is_required=True,
    maximum=5,
)
FIELDS = (
    *(ISSUER, JWKS_URI, JWKS, ALGORITHMS, AUDIENCE, SUBJECTS, CLIENT, USER),
    *(IDENTITIES, *RULES, PRESENTERS, SCOPES, RESOURCES, CLAIMS, MAXIMUM_AGE),
)
NEW_FIELDS = (NAME, *FIELDS)
LISTS = (ALGORITHMS, SUBJECTS, PRESENTERS, SCOPES, RESOURCES)
"""Fields with several values, which have no spaces."""
ONE_SOURCE = N_("Enter either the address of the keys, or the keys.")
ONE_TARGET = N_("Enter either a client or a user, or choose identity assertions.")
WITHOUT_PRESENTER = N_("Enter at least one client: a user's tokens need one that authenticates.")
OF_IDENTITIES = N_("Leave this empty: each token of this issuer stands for its own user.")
OF_A_CLIENT = N_("Leave this empty: a client presents its own tokens.")


@dataclass(frozen=True, slots=True)
class TrustedIssuerRequest(ObjectRequest):
    """A request for a page about one trusted issuer. `username` is that of its user, if any."""

    row: TrustedIssuer
    username: str

    @property
    def url(self) -> str:
        return f"{PATH}/{self.row.name}"

    @property
    def shown_name(self) -> str:
        return self.row.name

    @property
    def version(self) -> str:
        return str(self.row.version)


async def get_issuer_request(request: ConsoleRequestDep, name: str) -> TrustedIssuerRequest:
    """Return the request with its trusted issuer; raise `NotFoundError` if there is none."""
    row = await request.services.oauth.trusted_issuers.get(name)
    user = await request.services.accounts.users.find(row.user_id) if row.user_id else None
    username = user.username if user is not None else ""
    return TrustedIssuerRequest(
        request.browser, request.fields, request.signed_in, request.authority, row, username
    )


TrustedIssuerRequestDep = Annotated[TrustedIssuerRequest, Depends(get_issuer_request)]


def in_lines(typed: Mapping[str, str]) -> Mapping[str, str]:
    """Return what was typed with one value in each line of a list."""
    lines = {each.name: "\n".join(typed[each.name].split()) for each in (SUBJECTS, PRESENTERS)}
    return {**typed, **lines}


def first_values(request: ConsoleRequest) -> dict[str, str]:
    """Return the values that the form for a new trusted issuer shows at first."""
    return {
        ALGORITHMS.name: "RS256",
        AUDIENCE.name: request.services.core.settings.issuer_url,
        MAXIMUM_AGE.name: str(HOUR_SECONDS),
        **FIRST_VALUES,
    }


def stored_values(request: TrustedIssuerRequest) -> dict[str, str]:
    """Return the values of the form."""
    row = request.row
    chosen = row.algorithms.split()
    return {
        ISSUER.name: row.issuer,
        JWKS_URI.name: row.jwks_uri or "",
        JWKS.name: json.dumps(row.keys, indent=2) if row.keys is not None else "",
        ALGORITHMS.name: " ".join(
            each.value for each in ALGORITHMS.options if each.value in chosen
        ),
        AUDIENCE.name: row.audience,
        SUBJECTS.name: "\n".join(row.subjects.split()),
        CLIENT.name: row.client_id or "",
        USER.name: request.username,
        PRESENTERS.name: "\n".join(row.presenters.split()),
        SCOPES.name: row.scopes,
        RESOURCES.name: row.resource_names,
        CLAIMS.name: "\n".join(f"{name}={value}" for name, value in row.claims.items()),
        MAXIMUM_AGE.name: str(row.maximum_age),
        **stored_rules(row.identities),
    }


async def parse_issuer(
    request: ConsoleRequest,
    name: str,
    typed: Mapping[str, str],
    fields: Sequence[Field],
) -> TrustedIssuerBody:
    """Return the body of a form; show the form again with what is wrong."""
    _require_one_of_each(request, typed)
    values: dict[str, Any] = {
        **{field.name: typed[field.name] or None for field in FIELDS if field not in RULES},
        **{field.name: typed[field.name].split() for field in LISTS},
        NAME.name: name,
        IDENTITIES.name: typed_rules(request, typed),
        JWKS.name: _keys(request, typed[JWKS.name]),
        CLAIMS.name: _claims(request, typed[CLAIMS.name]),
        USER.name: await _user_id(request, typed[USER.name]),
    }
    return parse_body(request, TrustedIssuerBody, values, fields)


def _require_one_of_each(request: ConsoleRequest, typed: Mapping[str, str]) -> None:
    """Require one source of keys and one target, and presenters for a user only.

    With identities, the target is the user of each token, and presenters are required.
    """
    errors = dict(misplaced_rules(request, typed))
    if bool(typed[JWKS_URI.name]) == bool(typed[JWKS.name]):
        errors[JWKS_URI.name] = request.text(ONE_SOURCE)
    if typed[IDENTITIES.name]:
        errors |= {
            each.name: request.text(OF_IDENTITIES) for each in (CLIENT, USER) if typed[each.name]
        }
        if not typed[PRESENTERS.name].split():
            errors[PRESENTERS.name] = request.text(WITHOUT_PRESENTER)
    elif bool(typed[CLIENT.name]) == bool(typed[USER.name]):
        errors[CLIENT.name] = request.text(ONE_TARGET)
    elif bool(typed[PRESENTERS.name].split()) != bool(typed[USER.name]):
        message = WITHOUT_PRESENTER if typed[USER.name] else OF_A_CLIENT
        errors[PRESENTERS.name] = request.text(message)
    if errors:
        raise ShowAgainError(errors)


def _keys(request: ConsoleRequest, text: str) -> Mapping[str, Any] | None:
    if not text:
        return None
    try:
        keys = json.loads(text)
        if not isinstance(keys, dict):
            raise ValueError("not an object")
        require_public_keys(keys)
    except (ValueError, RecursionError):
        raise ShowAgainError({JWKS.name: request.text(JWKS.wrong)}) from None
    return keys


def _claims(request: ConsoleRequest, text: str) -> Mapping[str, str]:
    claims = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if not equals:
            raise ShowAgainError({CLAIMS.name: request.text(CLAIMS.wrong)})
        claims[name.strip()] = value.strip()
    return claims


async def _user_id(request: ConsoleRequest, username: str) -> str | None:
    if not username:
        return None
    try:
        return (await request.services.accounts.users.get(username)).user_id
    except NotFoundError:
        raise ShowAgainError({USER.name: request.text(Detail.USER_UNKNOWN)}) from None
