"""`/admin/providers`: the list of identity providers, and one provider with its groups."""

from collections.abc import Sequence

from starlette.responses import Response

from app.i18n.messages import N_
from app.models.federation.identity_providers import IdentityProvider
from app.pages.admin import provider_changes, provider_mapping_changes, provider_mappings
from app.pages.admin.base import NEW, ConsoleRequest, ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.provider_forms import PATH, PLACE, ProviderRequest, ProviderRequestDep
from app.pages.admin.provider_mappings import part_of_mappings
from app.pages.admin.views import Badge, Cell, Fact, Link, Listing, ObjectView, Table, owner_cell
from app.schemas.admin_scopes import AdminScope

router = console_router()


@router.get(PATH)
async def list_providers(request: ConsoleRequestDep) -> Response:
    text, identity_providers = request.text, request.services.federation.identity_providers
    providers = sorted(await identity_providers.list_all(), key=lambda provider: provider.name)
    linked = await identity_providers.count_linked() if providers else {}
    listing = Listing(
        heading=text("Identity providers"),
        introduction=text("Users can sign in with an account that they have elsewhere."),
        links=request.offered(
            Link(text("Add an identity provider"), f"{PATH}/{NEW}", is_main=True)
        ),
        table=Table(
            columns=[text("Name"), text("Issuer"), text("State"), text("Linked accounts")],
            rows=[
                [
                    Cell(each.label, url=f"{PATH}/{each.name}", small=each.name),
                    Cell(each.issuer),
                    Cell(badges=[_badge(request, each)]),
                    Cell(str(linked.get(each.name, 0))),
                ]
                for each in providers
            ],
            empty=text(
                "Identity providers appear here. Add one that speaks OpenID Connect, such as the "
                "directory of your company, and the sign-in page shows a button for it."
            ),
        ),
    )
    return request.console_page("admin_list.html", listing=listing)


@router.get(f"{PATH}/{{name}}")
async def show_provider(request: ProviderRequestDep) -> Response:
    text, provider = request.text, request.provider
    linked = await request.services.federation.identity_providers.count_linked()
    redirect_uri = request.services.core.links.provider_callback(provider.name)
    view = ObjectView(
        title=provider.label,
        back=Link(text("Identity providers"), PATH),
        badges=[_badge(request, provider)],
        links=_links(request),
        facts=[
            Fact(text("Redirect URI"), Cell(redirect_uri, is_code=True)),
            Fact(text("Name"), Cell(provider.name, is_code=True)),
            Fact(text("Issuer"), Cell(provider.issuer, is_code=True)),
            Fact(text("Client ID"), Cell(provider.client_id, is_code=True)),
            Fact(
                text("Client secret"),
                Cell(words=text("Not set") if provider.sealed_secret is None else text("Set")),
            ),
            Fact(text("Scopes"), Cell(provider.scope)),
            Fact(
                text("Claim with the groups"),
                Cell(provider.groups_claim, is_code=True)
                if provider.groups_claim is not None
                else Cell(words=text("None")),
            ),
            Fact(text("Linked accounts"), Cell(str(linked.get(provider.name, 0)))),
            Fact(text("Managed by"), owner_cell(provider.owner, text("Administrators"))),
            Fact(text("Created"), Cell(at=provider.created_at)),
        ],
        parts=[await part_of_mappings(request)],
    )
    return request.console_page("admin_object.html", object=view)


def _badge(request: ConsoleRequest, provider: IdentityProvider) -> Badge:
    if provider.is_disabled:
        return Badge(request.text("disabled"), "bad")
    return Badge(request.text("enabled"), "good")


def _links(request: ProviderRequest) -> Sequence[Link]:
    text, url = request.text, request.url
    switch = (
        Link(text("Enable"), f"{url}/enable")
        if request.provider.is_disabled
        else Link(text("Disable"), f"{url}/disable", is_danger=True)
    )
    return request.offered(
        Link(text("Edit"), f"{url}/edit"),
        Link(text("Replace secret"), f"{url}/secret"),
        switch,
        Link(text("Delete"), f"{url}/delete", is_danger=True),
    )


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Identity providers"),
    section=Section.PEOPLE,
    scope=AdminScope.PROVIDERS_READ,
    routers=(
        *provider_changes.routers,
        *provider_mapping_changes.routers,
        *provider_mappings.routers,
        router,
    ),
)
