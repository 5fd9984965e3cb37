"""What the routes of pages pass to templates is translated, which a pseudo-locale shows."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.pages.account.registry import ACCOUNT_PAGES
from app.services.clients.snippets import SNIPPETS
from app.services.operations.refusal_rules.catalogue import BY_CODE
from tests.support.account import signed_in
from tests.support.administration import (
    id_of,
    let_identities_go,
    new_group,
    new_provider,
    new_role,
    new_scope,
    new_webhook,
    set_policies,
)
from tests.support.application import Application, TestUser
from tests.support.console import administrator_in
from tests.support.parts import services_of
from tests.support.pseudo_locale import PSEUDO, pseudo_locale, unmarked_in_page
from tests.support.resources import new_resource
from tests.support.trusted_issuers import new_workload
from tests.support.visitor import Visitor

OF_EVERYBODY = (
    *("/", "/login", "/create-account", "/recover", "/device", "/logout"),
    *("/docs/oauth2-redirect.html", "/authorize", "/verify-email", "/nothing"),
)
OF_THE_USER = (
    *("/account", "/account/authenticator/new", "/account/activity?before=9"),
    *(f"/account/{page.place}" for page in ACCOUNT_PAGES),
)
OF_A_USER = ("", "/edit", "/groups", "/roles", "/roles/administrator", "/attributes", "/disable")
OF_A_GROUP = ("", "/edit", "/delete", "/members", "/members/+new", "/roles", "/attributes")
CODES_OF_THE_CONSOLE = {
    *("administrator", "auditor", "sign_in", "anybody", "127.0.0.1", "not_found", "endpoint"),
    *("invalid_client", "invalid_request"),
}
MAPPING: dict[str, Any] = {"name": "teams", "source": "groups", "targets": ["id_token", "userinfo"]}
DATA = re.compile(r"[a-z_]+\.[a-z_.]+|[\w-]+-[0-9a-f]{8}")
"""An action of the audit log, or a name of the tests, which are shown as they are stored."""
UNAVAILABLE = {"/account/email"}
"""Pages that a server without mail answers with an error page."""


@pytest.fixture(scope="module", autouse=True)
def translated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pseudo_locale(tmp_path_factory.mktemp("translations")):
        yield


async def known_texts(app: Application, user: TestUser) -> set[str]:
    """Return what pages show untranslated: names, the form of a code, and endpoints."""
    return {"Postern", "XXXX-XXXX", user.username, *(await app.http.get("/")).json()["endpoints"]}


@pytest.mark.parametrize("path", OF_EVERYBODY)
async def test_each_text_of_a_page_is_translated(
    path: str, visitor: Visitor, app: Application, user: TestUser
) -> None:
    page = await visitor.get(path, ui_locales=PSEUDO)

    assert page.headers["content-language"] == PSEUDO
    assert unmarked_in_page(page.text, known=await known_texts(app, user)) == []


async def test_each_text_of_the_account_pages_is_translated(
    visitor: Visitor, app: Application, user: TestUser
) -> None:
    await signed_in(visitor, user)

    for path in OF_THE_USER:
        page = await visitor.http.get(path, headers={"accept-language": PSEUDO})

        assert page.status_code == (404 if path in UNAVAILABLE else 200), path
        assert unmarked_in_page(page.text, known=await known_texts(app, user)) == [], path


OF_THE_CONSOLE = (
    *("/admin", "/admin/users", "/admin/groups", "/admin/roles", "/admin/attributes"),
    *("/admin/audit", "/admin/roles/auditor", "/admin/roles/auditor/holders/+new"),
    *("/admin/audit?user=nobody&since=x", "/admin/audit?action=nothing", "/admin/users?search=x"),
    *(f"/admin/{place}/+new" for place in ("users", "groups", "roles", "attributes")),
    *("/admin/users/+invite", "/admin/scopes", "/admin/scopes/+new"),
    *("/admin/sessions", "/admin/sessions?user=nobody&since=x"),
    *("/admin/sessions?since=2020-01-01", "/admin/refusals", "/admin/refusals?rule=x"),
    *("/admin/resources", "/admin/resources/+new", "/admin/issuers", "/admin/issuers/+new"),
    *("/admin/webhooks", "/admin/webhooks/+new", "/admin/providers", "/admin/providers/+new"),
)
OF_A_WEBHOOK = ("", "/edit", "/disable", "/enable", "/secret", "/test", "/deliveries", "/delete")
OF_A_PROVIDER = (
    *("", "/edit", "/secret", "/disable", "/enable", "/claim", "/mappings", "/mappings/+new"),
    "/delete",
)
OF_A_CLIENT = ("", "/claims/+new", "/claims/1", "/remove-claim/1", "/snippets/curl")
OF_IDENTITIES = ("", "/identity-servers/+new", "/identity-servers/1", "/remove-identity-server/1")


OF_A_RESOURCE = (
    *("", "/edit", "/delete", "/scopes/+new", "/scopes/read/edit", "/scopes/read/delete"),
    "/clients/+new",
)


async def test_each_text_of_the_console_is_translated(visitor: Visitor, app: Application) -> None:
    user = await administrator_in(visitor)
    group = await new_group(app, user)
    role = await new_role(app, group, user)
    webhook = (await new_webhook(app, event_types=["user.deleted"])).webhook
    provider = await new_provider(app, app.new_name("op"), groups={"ops-00000000": [group]})
    scope = await new_scope(app, app.new_name("reports"), translations={"de": "x"})
    user_id, client = await id_of(app, user), await app.create_client()
    await set_policies(app, client, claim_mappings=[MAPPING])
    agent = await app.create_client(client_name="agent-of-the-test")
    await let_identities_go(app, agent)
    name = app.new_name("api")
    resource = await new_resource(app, name=name, servers=[client.client_id], shows_metadata=True)
    issuer = (
        await new_workload(app, client_id=client.client_id, jwks_uri="https://build.example/jwks")
    ).row
    paths = [
        *OF_THE_CONSOLE,
        *(f"/admin/resources/{name}{place}" for place in OF_A_RESOURCE),
        *(
            f"/admin/resources/{name}/clients/{client.client_id}{place}"
            for place in ("/edit", "/delete")
        ),
        f"/admin/clients/{client.client_id}/default-resource",
        *(f"/admin/issuers/{issuer.name}{place}" for place in ("", "/edit", "/delete")),
        *(f"/admin/users/{user_id}{place}" for place in OF_A_USER),
        *(f"/admin/groups/{group.group_id}{place}" for place in OF_A_GROUP),
        f"/admin/roles/{role.role_id}",
        *(f"/admin/webhooks/{webhook.webhook_id}{place}" for place in OF_A_WEBHOOK),
        *(f"/admin/providers/{provider.name}{place}" for place in OF_A_PROVIDER),
        *(f"/admin/scopes/{scope.name}{place}" for place in ("", "/edit", "/delete")),
        *(f"/admin/clients/{client.client_id}{place}" for place in OF_A_CLIENT),
        *(f"/admin/clients/{agent.client_id}{place}" for place in OF_IDENTITIES),
    ]
    known = {*await known_texts(app, user), group.name, role.name, *CODES_OF_THE_CONSOLE, *BY_CODE}
    known |= {webhook.url, provider.label, provider.scope, provider.issuer, "x"}
    known |= {scope.name, scope.description, "de"}
    stored = await services_of(app).clients.clients.get(client.client_id)
    known |= {client.client_id, stored.client_name, stored.scope, stored.grant_types}
    known |= {MAPPING["name"], *(each.name for each in SNIPPETS)}
    known |= {resource.name, resource.identifier, resource.title, client.client_id}
    known |= {each.description for each in resource.scopes} | {"read", "write", "JWT"}
    known |= {"ES256", "EdDSA", "RS256", "PS256"}
    known |= {issuer.name, issuer.issuer, issuer.audience, issuer.subjects}
    known |= {issuer.jwks_uri or ""}
    known |= {agent.client_id, "agent-of-the-test", "https://chat.example", "there"}
    known |= {f"{name} \N{EN DASH} Postern" for name in known}  # the titles of objects

    for path in paths:
        page = await visitor.http.get(path, headers={"accept-language": PSEUDO})

        assert page.status_code in (200, 400), path
        unmarked = unmarked_in_page(page.text, known=known)
        assert [text for text in unmarked if not DATA.fullmatch(text)] == [], path


@pytest.mark.parametrize("path", ["/login", "/recover", "/device", "/login/otp", "/consent"])
async def test_each_text_of_a_refusal_is_translated(path: str, visitor: Visitor) -> None:
    page = await visitor.http.post(path, params={"ui_locales": PSEUDO}, data={"csrf_token": "x"})

    assert page.status_code >= 400
    assert unmarked_in_page(page.text, known=["Postern"]) == []
