"""Clients in the console."""

import html
import re

import httpx
import pytest
import pytest_asyncio

from app.models.clients.clients import Client
from app.schemas.client_policies import ExchangePolicy
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import new_group
from tests.support.application import Application
from tests.support.client_jwts import jwks, signing_key
from tests.support.console import administrator_in, form_fields
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
PATH = "/admin/clients"
URIS = "https://app.example.com/callback\r\nhttps://app.example.com/other"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


def told(page: httpx.Response) -> str:
    return " ".join(text_of(page).split())


async def created(visitor: Visitor, kind: str = "web", **fields: str) -> Client:
    """Create a client with the wizard."""
    form = await visitor.get(f"{PATH}/+new/{kind}")
    values = {"client_name": "Photos", **({} if kind == "service" else {"redirect_uris": URIS})}
    page = await visitor.submit(form, **{**values, **fields})
    assert page.status_code in (200, 303), page.text
    [(client, _)] = await services_of(visitor.app).clients.client_search.find("Photos")
    return client


async def stored(app: Application, client: Client) -> Client:
    return await services_of(app).clients.clients.get(client.client_id)


async def test_the_wizard_creates_a_web_app_and_shows_its_secret_once(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    kinds = await visitor.get(f"{PATH}/+new")

    page = await visitor.submit(
        await visitor.get(f"{PATH}/+new/web"), client_name="Photos", redirect_uris=URIS
    )
    [(client, _)] = await services_of(app).clients.client_search.find("Photos")
    shown, listed = await visitor.get(f"{PATH}/{client.client_id}"), await visitor.get(PATH)

    found = re.search('<code id="secret"[^>]*>([^<]+)</code>', page.text)
    assert found is not None
    secret = html.unescape(found[1])
    assert services_of(app).clients.clients.is_secret_of(client, secret)
    assert client.redirect_uri_list == URIS.split()
    assert "Single-page app" in told(kinds)
    assert client.client_id in told(page)
    assert secret not in shown.text
    assert "https://app.example.com/other" in told(shown)
    assert "Photos" in told(listed)


@pytest.mark.parametrize("kind", ["spa", "native", "device"])
async def test_a_kind_without_a_secret_leads_to_the_page_of_its_client(
    visitor: Visitor, kind: str
) -> None:
    await administrator_in(visitor)
    client = await created(visitor, kind)

    page = await visitor.get(f"{PATH}/{client.client_id}")

    assert client.secret_digest is None
    assert "This kind of client has no secret." in told(page)


async def test_a_service_needs_no_scope_and_gets_no_address(visitor: Visitor) -> None:
    await administrator_in(visitor)

    client = await created(visitor, "service")

    assert (client.scope, client.grant_types) == ("", "client_credentials")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_name", ""),
        ("redirect_uris", "javascript:alert(1)"),
        ("redirect_uris", "https://app.example.com/#part"),
        ("logo_uri", "data:image/png;base64,AAAA"),
    ],
)
async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(
    visitor: Visitor, field: str, value: str
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new/web")

    page = await visitor.submit(
        form, **{"client_name": "Photos", "redirect_uris": URIS, field: value}
    )

    assert page.status_code == 400
    assert f'id="{field}-error"' in page.text


async def test_a_web_app_without_an_address_is_refused(visitor: Visitor) -> None:
    await administrator_in(visitor)

    page = await visitor.submit(await visitor.get(f"{PATH}/+new/web"), client_name="Photos")

    assert page.status_code == 400
    assert "Check what you entered." in told(page)


async def test_an_unknown_kind_and_an_unknown_client_are_not_found(visitor: Visitor) -> None:
    await administrator_in(visitor)

    pages = [await visitor.get(f"{PATH}/{path}") for path in ("+new/other", "nobody")]

    assert [page.status_code for page in pages] == [404, 404]


async def test_an_edit_replaces_the_metadata_and_an_outdated_one_overwrites_nothing(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await created(visitor, logo_uri="https://app.example.com/logo.png")
    form = await visitor.get(f"{PATH}/{client.client_id}/edit")
    values = {"redirect_uris": "https://app.example.com/new", "logo_uri": ""}

    saved = await visitor.submit(form, client_name="Albums", **values)
    stale = await visitor.submit(form, client_name="Pictures", **values)

    changed = await stored(app, client)
    assert saved.headers["location"] == f"{PATH}/{client.client_id}?done=saved"
    assert (changed.client_name, changed.redirect_uri_list) == (
        "Albums",
        ["https://app.example.com/new"],
    )
    assert changed.registered_metadata.logo_uri is None
    assert changed.secret_digest == client.secret_digest
    assert stale.status_code == 409
    assert "Changed in the meantime to: Albums" in told(stale)


async def test_a_client_is_disabled_enabled_trusted_and_deleted(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await created(visitor)
    url = f"{PATH}/{client.client_id}"

    await visitor.submit(await visitor.get(f"{url}/disable"))
    disabled = await stored(app, client)
    await visitor.submit(await visitor.get(f"{url}/enable"))
    wrong = await visitor.submit(await visitor.get(f"{url}/trust"), trust="blindly")
    await visitor.submit(await visitor.get(f"{url}/trust"), trust="first_party")
    trusted = await stored(app, client)
    deleted = await visitor.submit(await visitor.get(f"{url}/delete"))

    assert disabled.is_disabled
    assert not trusted.is_disabled
    assert wrong.status_code == 400
    assert trusted.trust == "first_party"
    assert deleted.headers["location"] == f"{PATH}?done=deleted"
    assert (await visitor.get(url)).status_code == 404


async def test_a_secret_is_replaced_with_an_overlap_that_can_be_ended(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await created(visitor)
    url = f"{PATH}/{client.client_id}"
    form = await visitor.get(f"{url}/secrets")

    wrong = await visitor.submit(form, overlap="99999999", expires_in="0")
    page = await visitor.submit(form, overlap="3600", expires_in="90")
    replaced, shown = await stored(app, client), await visitor.get(url)
    await visitor.submit(await visitor.get(f"{url}/secrets/previous"))
    ended = await stored(app, client)

    assert wrong.status_code == 400
    assert 'id="secret"' in page.text
    assert replaced.previous_secret_digest == client.secret_digest
    assert replaced.secret_expires_at is not None
    assert "Previous secret" in told(shown)
    assert ended.previous_secret_digest is None


async def test_only_members_of_the_chosen_groups_may_use_a_client(
    app: Application, visitor: Visitor
) -> None:
    group = await new_group(app, name="Operators")
    await administrator_in(visitor)
    client = await created(visitor)
    form = await visitor.get(f"{PATH}/{client.client_id}/access")

    without = await visitor.submit(form, kind="groups")
    wrong = await visitor.submit(form, kind="friends")
    await visitor.submit(form, kind="groups", **{f"groups.{group.group_id}": "1"})

    policies = (await stored(app, client)).policies_in_force
    assert (without.status_code, wrong.status_code) == (400, 400)
    assert policies is not None
    assert policies.access.groups == (group.group_id,)
    assert "Operators" in told(await visitor.get(f"{PATH}/{client.client_id}"))


async def test_policies_are_set_beside_the_access_and_taken_back(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await created(visitor)
    url = f"{PATH}/{client.client_id}"
    await visitor.submit(await visitor.get(f"{url}/access"), kind="nobody")

    short = await visitor.submit(await visitor.get(f"{url}/policies"), access_token_ttl="5")
    await visitor.submit(
        await visitor.get(f"{url}/policies"),
        second_factor="required",
        consent="always",
        access_token_ttl="600",
        login_methods="passkey",
        require_verified_email="1",
    )
    policies, shown = (await stored(app, client)).policies_in_force, await visitor.get(url)
    form = await visitor.get(f"{url}/policies")
    await visitor.submit(
        form, access_token_ttl="", login_methods="", require_verified_email="", consent=""
    )
    general = (await stored(app, client)).policies_in_force

    assert 'id="access_token_ttl-error"' in short.text
    assert policies is not None
    assert (policies.access.kind, policies.access_token_ttl) == ("nobody", 600)
    assert policies.require_verified_email
    assert policies.login_methods == ("passkey",)
    assert "Ask at each sign-in" in told(shown)
    assert general is not None
    assert general.model_dump(exclude_defaults=True) == {"access": {"kind": "nobody"}}


async def test_every_box_of_the_policies_is_stored_and_cleared(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await app.create_client()
    url = f"{PATH}/{client.client_id}/policies"
    boxes = {"require_verified_email": "1", "require_pkce": "1", "require_dpop_nonce": "1"}

    await visitor.submit(await visitor.get(url), **boxes)
    ticked = (await stored(app, client)).policies_in_force
    await visitor.submit(await visitor.get(url), **dict.fromkeys(boxes, ""))
    cleared = (await stored(app, client)).policies_in_force

    assert ticked is not None
    assert (ticked.require_verified_email, ticked.require_pkce) == (True, True)
    assert ticked.require_dpop_nonce is True
    assert cleared is None or not (cleared.require_dpop_nonce or cleared.require_verified_email)


async def test_the_profile_is_set_for_an_app_that_fits(app: Application, visitor: Visitor) -> None:
    """FAPI 2.0 section 5.3.2.1"""
    await administrator_in(visitor)
    fitting = await app.create_client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(signing_key()),
        grant_types=["client_credentials"],
    )
    other = await app.create_client()

    pages = {}
    for client in (fitting, other):
        form = await visitor.get(f"{PATH}/{client.client_id}/policies")
        pages[client] = await visitor.submit(form, profile="fapi2")
    shown = await visitor.get(f"{PATH}/{fitting.client_id}")

    assert pages[fitting].is_redirect
    assert "FAPI 2.0" in told(shown)
    assert 'id="profile-error"' in pages[other].text
    assert "The FAPI 2.0 profile requires token_endpoint_auth_method" in told(pages[other])
    assert (await stored(app, other)).policies_in_force is None


async def test_token_exchange_is_set_beside_other_policies(
    app: Application, visitor: Visitor
) -> None:
    """RFC 8693"""
    await administrator_in(visitor)
    client, other = await created(visitor, "service"), await app.create_client()
    resource = await new_resource(app)
    url = f"{PATH}/{client.client_id}"
    await visitor.submit(await visitor.get(f"{url}/policies"), consent="always")
    form = await visitor.get(f"{url}/token-exchange")

    not_a_target = await visitor.submit(form, targets_without_actor=resource.name)
    unknown = await visitor.submit(form, targets="unknown")
    stranger = await visitor.submit(form, exchanger_of="stranger")
    await visitor.submit(
        form,
        targets=resource.name,
        targets_without_actor=resource.name,
        exchanger_of=other.client_id,
        may_act=client.client_id,
    )

    assert [page.status_code for page in (not_a_target, unknown, stranger)] == [400, 422, 422]
    assert 'id="targets-error"' in unknown.text
    assert 'id="exchanger_of-error"' in stranger.text
    policies = (await stored(app, client)).policies_in_force
    assert policies is not None
    assert policies.consent == "always"
    assert policies.token_exchange == ExchangePolicy(
        targets=(resource.name,),
        targets_without_actor=(resource.name,),
        exchanger_of=(other.client_id,),
        may_act=client.client_id,
    )
    shown = told(await visitor.get(url))
    assert resource.name in shown
    assert other.client_id in shown


async def test_a_full_administrator_lists_the_admin_scopes_of_a_client(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await created(visitor, "service")
    url = f"{PATH}/{client.client_id}"

    await visitor.submit(await visitor.get(f"{url}/admin-scopes"), **{"users:read": "1"})

    assert (await stored(app, client)).admin_scopes == "users:read"
    assert "users:read" in told(await visitor.get(url))


@pytest.mark.parametrize(
    "act",
    [
        "edit",
        "disable",
        "trust",
        "secrets",
        "access",
        "policies",
        "token-exchange",
        "admin-scopes",
        "delete",
    ],
)
async def test_an_auditor_changes_nothing(app: Application, visitor: Visitor, act: str) -> None:
    await administrator_in(visitor)
    client = await created(visitor)
    await administrator_in(visitor, "auditor")
    url, fields = f"{PATH}/{client.client_id}", await form_fields(visitor)

    refused = await visitor.http.post(
        f"{url}/{act}", data={**fields, "version": str(client.version)}
    )

    assert refused.status_code == 403
    assert await stored(app, client) == client
    assert f"{url}/{act}" not in (await visitor.get(url)).text


@pytest.mark.parametrize("act", ["disable", "trust", "secrets", "admin-scopes", "delete"])
async def test_a_dangerous_act_needs_a_recent_sign_in(
    app: Application, visitor: Visitor, act: str
) -> None:
    await administrator_in(visitor)
    client = await created(visitor)
    fields = await form_fields(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)

    page = await visitor.http.post(
        f"{PATH}/{client.client_id}/{act}", data={**fields, "version": str(client.version)}
    )

    assert page.status_code == 303
    assert page.headers["location"].startswith("/login")
    assert await stored(app, client) == client


async def test_what_a_client_states_is_shown_as_text(app: Application, visitor: Visitor) -> None:
    await administrator_in(visitor)
    client = await created(visitor, client_name="Photos <script>alert(1)</script>")

    pages = [await visitor.get(path) for path in (PATH, f"{PATH}/{client.client_id}")]

    assert all("<script>alert" not in page.text for page in pages)
    assert all("&lt;script&gt;alert" in page.text for page in pages)


async def test_clients_are_found_by_how_their_name_begins(visitor: Visitor) -> None:
    await administrator_in(visitor)
    await created(visitor)

    found, none = [await visitor.get(PATH, search=each) for each in ("Photos", "Music")]

    assert "Photos" in told(found)
    assert "No client matches." in told(none)


async def test_a_change_in_the_console_is_in_the_audit_log_with_its_administrator(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    client = await created(visitor)
    await visitor.submit(await visitor.get(f"{PATH}/{client.client_id}/trust"), trust="verified")

    events = await services_of(app).core.audit.list_newest(limit=50)

    [event] = [each for each in events if each.action == "client.trusted"]
    assert event.actor.startswith("user:")
    assert FULL.is_full
