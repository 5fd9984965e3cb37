"""`/admin/keys`: the keys that sign ID tokens, and their rotation."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequest, ConsoleRequestDep, console_router, dangerous_router
from app.pages.admin.forms import FormView, form_page
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.views import Badge, Cell, Link, Listing, Table, Tone
from app.pages.support import redirect
from app.schemas.admin_scopes import AdminScope
from app.services.oauth.signing_key_states import KeyState

router, dangerous = console_router(), dangerous_router()

PLACE = "keys"
PATH = url_of(PLACE)
STATES: dict[KeyState, tuple[str, Tone]] = {
    KeyState.WAITING: (N_("signs soon"), "note"),
    KeyState.SIGNING: (N_("signs"), "good"),
    KeyState.PUBLISHED: (N_("replaced"), ""),
    KeyState.RETIRED: (N_("retired"), ""),
}


@router.get(PATH)
async def list_keys(request: ConsoleRequestDep) -> Response:
    text, signing_keys = request.text, request.services.oauth.signing_keys
    keys = await signing_keys.list_all()
    listing = Listing(
        heading=text("Signing keys"),
        introduction=text(
            "They sign ID tokens. Each one is replaced automatically when it gets old."
        ),
        links=request.offered(Link(text("Rotate keys"), f"{PATH}/rotate", is_main=True)),
        table=Table(
            columns=[text("Key ID"), text("Algorithm"), text("State"), text("Created")],
            rows=[
                [
                    Cell(key.kid, is_code=True),
                    Cell(key.algorithm),
                    Cell(badges=[_badge(request, signing_keys.state_of(key, keys))]),
                    Cell(at=key.created_at),
                ]
                for key in keys
            ],
            empty=text("Keys appear here when they are first needed."),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@dangerous.get(f"{PATH}/rotate")
async def confirm_rotation(request: ConsoleRequestDep) -> Response:
    form = FormView(
        heading=request.text("Rotate the signing keys?"),
        introduction=request.text(
            "New keys are published now and sign after a minute. The old ones stay published until "
            "everything they signed has expired."
        ),
        fields=(),
        values={},
        submit=request.text("Rotate keys"),
        cancel_url=PATH,
    )
    return form_page(request, form)


@dangerous.post(f"{PATH}/rotate")
async def rotate_keys(request: ConsoleRequestDep) -> Response:
    request.check()
    await request.services.oauth.signing_keys.rotate(authority=request.authority)
    return redirect(f"{PATH}?done=created")


def _badge(request: ConsoleRequest, state: KeyState) -> Badge:
    label, tone = STATES[state]
    return Badge(request.text(label), tone)


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Signing keys"),
    section=Section.SERVER,
    scope=AdminScope.KEYS_READ,
    routers=(dangerous, router),
)
