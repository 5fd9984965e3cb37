"""`/admin/clients/{client_id}/token-exchange`: what a client may exchange tokens for (RFC 8693)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from starlette.responses import Response

from app.errors import InvalidInputError
from app.i18n.messages import N_
from app.pages.admin.client_access import policies_of
from app.pages.admin.client_forms import PATH, ClientRequest, get_client_request
from app.pages.admin.forms import Field, parse_body
from app.pages.admin.object_forms import ObjectForm, form_routers
from app.pages.support import redirect
from app.schemas.client_policies import ExchangePolicy

PREFIX = "token_exchange."
NAMES_OF_RESOURCES = N_("Enter short names of resources, with spaces between them.")
CLIENT_IDS = N_("Enter client IDs, with spaces between them.")
TARGETS = Field(
    "targets",
    N_("Targets"),
    hint=N_("Short names of the resources that the client may exchange tokens for."),
    wrong=NAMES_OF_RESOURCES,
    maximum=5000,
)
WITHOUT_ACTOR = Field(
    "targets_without_actor",
    N_("Targets without an actor token"),
    hint=N_("Those of the targets for which the client needs no actor token."),
    wrong=NAMES_OF_RESOURCES,
    maximum=5000,
)
EXCHANGER_OF = Field(
    "exchanger_of",
    N_("Can exchange tokens of"),
    hint=N_("IDs of clients whose tokens without an audience it may exchange, besides its own."),
    wrong=CLIENT_IDS,
    maximum=5000,
)
MAY_ACT = Field(
    "may_act",
    N_("Can act with its tokens"),
    hint=N_("The ID of the only client that may act with tokens of this client."),
    wrong=N_("Enter one client ID."),
    maximum=255,
)
LISTS = (TARGETS, WITHOUT_ACTOR, EXCHANGER_OF)
FIELDS = (*LISTS, MAY_ACT)


def stored_values(request: ClientRequest) -> dict[str, str]:
    """Return the values of the form."""
    policy = policies_of(request).token_exchange
    values = {field.name: " ".join(getattr(policy, field.name)) for field in LISTS}
    return {**values, MAY_ACT.name: policy.may_act or ""}


def shown_exchange(request: ClientRequest) -> Sequence[tuple[str, str]]:
    """Return the translated labels and the values that are set."""
    text, values = request.text, stored_values(request)
    return [(text(each.label), values[each.name]) for each in FIELDS if values[each.name]]


@contextmanager
def _fields_of_policy() -> Iterator[None]:
    """Name the field of an error as this form does."""
    try:
        yield
    except InvalidInputError as error:
        error.field = (error.field or "").removeprefix(PREFIX) or None
        raise


async def _save(request: ClientRequest, typed: Mapping[str, str]) -> Response:
    stated = {field.name: typed[field.name].split() for field in LISTS}
    policy = parse_body(
        request, ExchangePolicy, {**stated, MAY_ACT.name: typed[MAY_ACT.name] or None}, FIELDS
    )
    with _fields_of_policy():
        await request.services.clients.policies.set(
            request.client.client_id,
            policies_of(request).model_copy(update={"token_exchange": policy}),
            version=request.client.version,
            authority=request.authority,
        )
    return redirect(f"{request.url}?done=saved")


FORM = ObjectForm(
    path=f"{PATH}/{{client_id}}/token-exchange",
    request_of=get_client_request,
    heading=N_("Token exchange"),
    introduction=N_("Takes effect with the app's next request."),
    submit=N_("Save"),
    needs_fresh_sign_in=False,
    fields=FIELDS,
    stored=stored_values,
    run=_save,
)
routers = form_routers(FORM)
