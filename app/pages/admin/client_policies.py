"""`/admin/clients/{client_id}/policies`: how users sign in to a client, and for how long."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.client_access import policies_of, set_policies
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.forms import Field, Option, parse_body
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.support import redirect
from app.schemas.client_policies import ClientPolicies

GENERAL = Option("", N_("Same as the general policy"))
CHOOSE = N_("Choose one of the values.")
SECONDS = N_("Enter a number of seconds from 60 on.")
SECOND_FACTOR = Field(
    "second_factor",
    N_("Second factor at sign-in"),
    wrong=CHOOSE,
    kind="select",
    options=(
        GENERAL,
        Option("required", N_("Required")),
        Option("passkey_first", N_("Required, and a passkey is offered first")),
        Option("optional", N_("Optional")),
    ),
)
CONSENT = Field(
    "consent",
    N_("Consent"),
    wrong=CHOOSE,
    kind="select",
    options=(
        GENERAL,
        Option("remembered", N_("Ask once")),
        Option("always", N_("Ask at each sign-in")),
        Option("never", N_("Never ask")),
    ),
)
VERIFIED_EMAIL = Field(
    "require_verified_email", N_("Only users with a verified email address"), kind="check"
)
PKCE = Field("require_pkce", N_("Refuse sign-ins without PKCE"), kind="check")
DPOP_NONCE = Field("require_dpop_nonce", N_("Require a nonce in DPoP proofs"), kind="check")
PROFILE = Field(
    "profile",
    N_("Security profile"),
    hint=N_("What the app registered must fit the profile."),
    wrong=CHOOSE,
    kind="select",
    options=(GENERAL, Option("fapi2", "FAPI 2.0")),
)
ACCESS_TTL = Field(
    "access_token_ttl",
    N_("Lifetime of access tokens"),
    hint=N_("In seconds. A shorter general lifetime takes precedence."),
    wrong=SECONDS,
    maximum=8,
)
REFRESH_TTL = Field(
    "refresh_token_ttl",
    N_("Lifetime of unused refresh tokens"),
    hint=N_("In seconds. A shorter general lifetime takes precedence."),
    wrong=SECONDS,
    maximum=8,
)
SCOPES = Field(
    "allowed_scopes",
    N_("Allowed scopes"),
    hint=N_("Names separated by spaces. If empty, all that the client registered."),
    wrong=N_("Enter names with single spaces between them."),
    maximum=5000,
)
RESOURCES = Field(
    "allowed_resources",
    N_("Allowed resources"),
    hint=N_("Short names separated by spaces. If empty, all that allow the client."),
    wrong=N_("Enter short names of resources with spaces between them."),
    maximum=5000,
)
METHODS = Field(
    "login_methods",
    N_("Ways to sign in"),
    hint=N_("For example, passkey provider:corporate. If empty, all of them."),
    wrong=N_("Enter password, passkey or provider:NAME, with spaces between them."),
    maximum=1000,
)
TEXTS, CHECKS, LISTS = (
    (SECOND_FACTOR, PROFILE, CONSENT, ACCESS_TTL, REFRESH_TTL),
    (VERIFIED_EMAIL, PKCE, DPOP_NONCE),
    (SCOPES, RESOURCES, METHODS),
)
FIELDS = (
    *(SECOND_FACTOR, METHODS, VERIFIED_EMAIL, PKCE, DPOP_NONCE, CONSENT),
    *(PROFILE, ACCESS_TTL, REFRESH_TTL, SCOPES, RESOURCES),
)


async def _save(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    stated: dict[str, Any] = policies_of(request).model_dump(mode="json", exclude_defaults=True)
    stated |= {field.name: typed[field.name] or None for field in TEXTS}
    stated |= {field.name: typed[field.name].split() or None for field in LISTS}
    stated |= {each.name: bool(typed[each.name]) for each in (VERIFIED_EMAIL, DPOP_NONCE)}
    stated[PKCE.name] = True if typed[PKCE.name] else None
    await set_policies(request, parse_body(request, ClientPolicies, stated, FIELDS))
    return redirect(f"{request.url}?done=saved")


def stored_values(policies: ClientPolicies) -> dict[str, str]:
    """Return the values of the form."""
    values = {field.name: _text(getattr(policies, field.name)) for field in TEXTS}
    values |= {field.name: " ".join(getattr(policies, field.name) or ()) for field in LISTS}
    return values | {field.name: "1" if getattr(policies, field.name) else "" for field in CHECKS}


def shown_policies(request: ClientRequest) -> Sequence[tuple[str, str]]:
    """Return the translated labels and the values of the policies that are set."""
    text, values = request.text, stored_values(policies_of(request))
    return [
        (
            text(field.label),
            text("Yes") if field in CHECKS else field.label_of(values[field.name], text),
        )
        for field in FIELDS
        if values[field.name]
    ]


def _text(value: object) -> str:
    return "" if value is None else str(value)


FORM = ObjectForm(
    path=f"{PATH}/{{client_id}}/policies",
    request_of=get_client_request,
    heading=N_("Policies of this client"),
    introduction=N_("They take effect with the app's next request."),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=FIELDS,
    stored=lambda request: stored_values(policies_of(request)),
    run=_save,
)
routers = form_routers(FORM)
