"""Text of users and browsers is text in the console, never markup (SECURITY_BAR rows 31 and 58)."""

import csv
import io
import re
from html.parser import HTMLParser

import pytest_asyncio

from app.services.accounts.events import AccountEvent
from app.services.operations.authority import FULL
from tests.support.account import signed_in
from tests.support.administration import (
    add_provider,
    define,
    id_of,
    let_identities_go,
    new_group,
    new_scope,
    new_webhook,
)
from tests.support.application import Application
from tests.support.console import administrator_in
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.resources import new_resource
from tests.support.trusted_issuers import new_workload
from tests.support.visitor import Visitor, visiting

DATABASES = ("sqlite",)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&lt;"
GROUP_PLACES = ("", "/edit", "/members", "/delete")
FORMS = (
    *(("groups", "name"), ("roles", "name"), ("attributes", "name"), ("scopes", "description")),
    *(("webhooks", "url"), ("providers", "label"), ("resources", "title")),
    ("issuers", "audience"),
)
"""Forms that create an object, and a field that is shown again."""
CHART = {"viewbox", "role", "aria-labelledby"}
"""The attributes of the charts of the dashboard."""
OWN_SCRIPTS = re.compile(r"/assets/postern-[0-9a-f]{12}\.js")


class Elements(HTMLParser):
    """The scripts, images and event handlers of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "img", "iframe", "style") or (tag == "svg" and set(values) != CHART):
            self.found.append(f"{tag} {values.get('src')}")
        self.found += [f"{tag} {name}" for name in values if name.startswith(("on", "style"))]


def foreign_elements(text: str) -> list[str]:
    return [
        each
        for each in Elements(text).found
        if not OWN_SCRIPTS.fullmatch(each.removeprefix("script "))
    ]


async def hostile_provider(app: Application, mappings: dict[str, list[str]]) -> str:
    """Add a provider with a hostile label and hostile values of its claim."""
    services, name = services_of(app), app.new_name("op")
    await add_provider(
        services,
        name,
        secret="",
        issuer=f"https://{name}.example.com",
        client_id=HOSTILE,
        label=HOSTILE,
    )
    await services.federation.group_mappings.set(
        name, groups_claim=HOSTILE[:64], mappings=mappings, authority=FULL
    )
    return name


@pytest_asyncio.fixture
async def paths(app: Application, visitor: Visitor) -> list[str]:
    """Pages that show hostile names, user agents, values and details of events."""
    user = await person_with(app, name=HOSTILE, email="x@example.com", nickname=HOSTILE)
    async with visiting(app) as elsewhere:
        elsewhere.http.headers["user-agent"] = HOSTILE
        await signed_in(elsewhere, user)
    user_id = await id_of(app, user)
    group = await new_group(app, user, name=HOSTILE[:100], description=HOSTILE)
    await services_of(app).core.audit.record(
        AccountEvent.SIGN_IN_REFUSED,
        actor=HOSTILE,
        succeeded=False,
        name=HOSTILE,
        before={HOSTILE: HOSTILE},
        after={"name": HOSTILE},
    )
    client = await app.create_client(client_name=HOSTILE)
    await let_identities_go(app, client, there="<script>alert(1)</script>")
    await define(app, app.new_name("floor").replace("-", "_"), "string", description=HOSTILE)
    webhook = (await new_webhook(app, description=HOSTILE)).webhook
    await new_scope(app, "reports", description=HOSTILE, translations={"de": HOSTILE})
    await new_resource(
        app,
        name="hostile",
        title=HOSTILE,
        identifier="https://hostile.example/&lt;'",
        scopes=[{"name": "<b>", "description": HOSTILE, "translations": {"de": HOSTILE}}],
    )
    await new_workload(
        app,
        name="hostile",
        client_id=client.client_id,
        subjects=["<script>alert(1)</script>"],
        claims={HOSTILE: HOSTILE},
    )
    name = await hostile_provider(app, {HOSTILE: [group.group_id]})
    await administrator_in(visitor)
    newest = await services_of(app).core.audit.list_newest(limit=20)
    return [
        *("/admin", "/admin/users", "/admin/groups", "/admin/roles", "/admin/attributes"),
        *(f"/admin/users/{user_id}", f"/admin/users/{user_id}/edit"),
        *(f"/admin/users/{user_id}/groups", f"/admin/users/{user_id}/groups/{group.group_id}"),
        f"/admin/users?search={HOSTILE}",
        *(f"/admin/groups/{group.group_id}{place}" for place in GROUP_PLACES),
        f"/admin/groups/{group.group_id}/members?search={HOSTILE}",
        f"/admin/audit?action={HOSTILE}&user={HOSTILE}&since={HOSTILE}",
        *("/admin/scopes", "/admin/scopes/reports", "/admin/scopes/reports/edit"),
        *("/admin/resources", "/admin/resources/hostile", "/admin/resources/hostile/edit"),
        *(f"/admin/resources/hostile/{place}" for place in ("delete", "scopes/+new")),
        *(f"/admin/issuers{place}" for place in ("", "/hostile", "/hostile/edit")),
        *("/admin/webhooks", f"/admin/webhooks/{webhook.webhook_id}"),
        f"/admin/webhooks/{webhook.webhook_id}/edit",
        *(f"/admin/providers{place}" for place in ("", f"/{name}", f"/{name}/edit")),
        *(f"/admin/providers/{name}{place}" for place in ("/mappings", "/delete")),
        *("/admin/clients", f"/admin/clients?search={HOSTILE[:9]}"),
        *(f"/admin/clients/{client.client_id}{place}" for place in ("", "/edit", "/delete")),
        f"/admin/clients/{client.client_id}/identity-servers/1",
        "/admin/audit",
        *(f"/admin/audit/{event.sequence}" for event in newest if event.is_numbered),
    ]


async def test_no_page_of_the_console_contains_markup_of_others(
    visitor: Visitor, paths: list[str]
) -> None:
    shown = 0
    for path in paths:
        page = await visitor.get(path)
        assert page.status_code in (200, 400), path
        assert foreign_elements(page.text) == [], path
        shown += page.text.count("&lt;script&gt;alert(1)")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy

    assert shown > 10


async def test_no_form_of_the_console_shows_typed_markup_again(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)

    for path, field in FORMS:
        form = await visitor.get(f"/admin/{path}/+new")
        page = await visitor.submit(form, **{field: HOSTILE * 3, "client_id": HOSTILE})
        assert page.status_code in (400, 422), path
        assert foreign_elements(page.text) == []


async def test_the_csv_of_events_has_no_formula(visitor: Visitor, app: Application) -> None:
    for actor in ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "'=1"):
        await services_of(app).core.audit.record(AccountEvent.OTP_REFUSED, actor=actor)
    await administrator_in(visitor, "auditor")

    answer = await visitor.get("/admin/audit/events.csv", action="otp.refused")

    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) >= 7
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), row
