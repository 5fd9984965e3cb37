"""Every link of the console leads to a page, for administrators and auditors."""

import html
import re
from datetime import timedelta

import pytest

from app.services.operations.authority import FULL
from tests.support.administration import (
    define,
    let_identities_go,
    new_group,
    new_provider,
    new_role,
    new_scope,
    new_webhook,
)
from tests.support.application import Application
from tests.support.authorization_types import new_type
from tests.support.client_documents import stored_document
from tests.support.console import administrator_in
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.trusted_issuers import new_workload
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
MOST_PAGES = 200


@pytest.mark.parametrize("role", ["administrator", "auditor"])
async def test_every_link_leads_to_a_page_that_its_reader_may_open(
    app: Application, visitor: Visitor, role: str
) -> None:
    user = await administrator_in(visitor, role)
    group = await new_group(app, user)
    await new_role(app, group, user)
    await define(app, f"floor_{role}", "number", applies_to="both")
    await new_webhook(app)
    await new_scope(app, f"https://api.example.com/{role}")
    client = await app.create_client()
    await let_identities_go(app, client)
    await new_resource(app, name=f"reports-{role}", servers=[client.client_id])
    await new_type(app, name=f"https://bank.example/{role}", resources=[f"reports-{role}"])
    await new_workload(app, name=f"build-{role}", client_id=client.client_id)
    await new_provider(app, f"work-{role}", groups={"ops": [group]})
    await stored_document(services_of(app), f"https://{role}.example/client.json", user)
    await services_of(app).clients.initial_access_tokens.create(
        role, lasts=timedelta(days=1), authority=FULL
    )
    await services_of(app).clients.registration_tokens.issue(client.client_id, authority=FULL)
    await services_of(app).clients.blocked_hosts.block(f"not-{role}.example", authority=FULL)

    opened: dict[str, int] = {}
    waiting = ["/admin"]
    while waiting:
        path = waiting.pop()
        if path not in opened:
            page = await visitor.get(path)
            opened[path] = page.status_code
            waiting += [
                html.unescape(each) for each in re.findall('href="(/admin[^"]*)"', page.text)
            ]
        assert len(opened) < MOST_PAGES

    assert len(opened) > 20
    assert {path: status for path, status in opened.items() if status != 200} == {}
    assert any(path.endswith("/delete") for path in opened) == (role == "administrator")
