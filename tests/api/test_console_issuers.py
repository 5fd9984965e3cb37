"""`/admin/issuers`: trusted issuers in the console."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.models.oauth.trusted_issuers import IdentityRules, TrustedIssuer
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import id_of
from tests.support.application import Application, TestClient
from tests.support.client_jwts import jwks, signing_key
from tests.support.console import administrator_in, told
from tests.support.parts import services_of
from tests.support.received_identities import new_employer
from tests.support.resources import new_resource
from tests.support.trusted_issuers import PATTERN, new_workload
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
PATH = "/admin/issuers"
GITHUB = "https://token.actions.githubusercontent.com"
KEYS = json.dumps(jwks(signing_key()))
OF_IDENTITIES = {"identities": "1", "client_id": "", "presenters": "c", "subjects": "*"}


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


async def stored(app: Application, name: str = "build") -> TrustedIssuer:
    return await services_of(app).oauth.trusted_issuers.get(name)


def typed(client: TestClient, **fields: str) -> dict[str, str]:
    return {
        "name": "build",
        "issuer": GITHUB,
        "jwks_uri": f"{GITHUB}/.well-known/jwks",
        "subjects": PATTERN,
        "client_id": client.client_id,
        **fields,
    }


async def submitted(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    """Submit a form with the texts that its text areas show, as a browser does."""
    form = await visitor.get(path)
    areas = dict.fromkeys(("jwks", "subjects", "presenters", "claims"), "")
    return await visitor.submit(form, **{**areas, **fields})


async def test_an_issuer_is_trusted_for_a_client(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="reports")
    empty, form = await visitor.get(PATH), await visitor.get(f"{PATH}/+new")

    page = await submitted(
        visitor,
        f"{PATH}/+new",
        **typed(
            client,
            subjects=f"{PATTERN}\nrepo:octo/app:pull_request",
            scopes="read write",
            resources="reports",
            claims="repository_owner_id=65\r\n kubernetes.io/namespace = shop = x\r\n",
            maximum_age="7200",
        ),
    )
    assert page.status_code == 303, told(page)
    row, shown, listed = await stored(app), await visitor.follow(page), await visitor.get(PATH)

    assert "Trusted issuers appear here." in told(empty)
    assert f'value="{app.settings.issuer_url}"' in form.text
    assert page.headers["location"] == f"{PATH}/build?done=created"
    assert (row.issuer, row.algorithms, row.audience) == (GITHUB, "RS256", app.settings.issuer_url)
    assert row.subjects.split() == [PATTERN, "repo:octo/app:pull_request"]
    assert (row.scopes, row.resource_names, row.maximum_age) == ("read write", "reports", 7200)
    assert row.claims == {"repository_owner_id": "65", "kubernetes.io/namespace": "shop = x"}
    for text in (GITHUB, client.client_id, "kubernetes.io/namespace", "pull_request", "7200"):
        assert text in told(shown)
    assert f"build {GITHUB} {client.client_id}" in told(listed)


async def test_an_issuer_is_trusted_for_a_user_with_its_keys(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    user = await administrator_in(visitor)

    page = await submitted(
        visitor,
        f"{PATH}/+new",
        **typed(
            client,
            jwks_uri="",
            jwks=KEYS,
            client_id="",
            user_id=user.username,
            presenters=f"{client.client_id}\r\n",
            **{"algorithms.RS256": "", "algorithms.ES256": "1"},
        ),
    )
    row, shown = await stored(app), await visitor.follow(page)

    assert (row.user_id, row.client_id) == (await id_of(app, user), None)
    assert (row.presenters, row.algorithms) == (client.client_id, "ES256")
    assert row.keys == jwks(signing_key())
    assert user.username in told(shown)
    assert "None: its keys are stored here" in told(shown)


async def test_an_issuer_is_changed_and_deleted(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    before = (await new_workload(app, name="build", client_id=client.client_id)).row
    form = await visitor.get(f"{PATH}/build/edit")

    page = await submitted(
        visitor,
        f"{PATH}/build/edit",
        jwks="",
        jwks_uri=f"{GITHUB}/jwks",
        subjects="repo:octo/*:ref:refs/heads/main",
    )
    after = await stored(app)
    stale = await visitor.submit(form, jwks=KEYS, subjects=PATTERN, maximum_age="60")
    deleted = await visitor.submit(await visitor.get(f"{PATH}/build/delete"))

    assert page.headers["location"] == f"{PATH}/build?done=saved"
    assert (after.jwks, after.jwks_uri) == (None, f"{GITHUB}/jwks")
    assert after.subjects == "repo:octo/*:ref:refs/heads/main"
    assert (after.issuer, after.algorithms) == (before.issuer, before.algorithms)
    assert (stale.status_code, "Changed in the meantime to:" in told(stale)) == (409, True)
    assert deleted.headers["location"] == f"{PATH}?done=deleted"
    assert (await visitor.get(f"{PATH}/build")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": "No Name"}, "name", "Enter 1 to 64 lower-case letters"),
        ({"name": "taken"}, "name", "A trusted issuer with this name already exists."),
        ({"issuer": "http://insecure.example"}, "issuer", "Enter an https URL"),
        ({"issuer": "http://localhost:5000"}, "issuer", "Enter an https URL"),
        ({"jwks_uri": "http://insecure.example"}, "jwks_uri", "Enter an https URL."),
        ({"jwks_uri": ""}, "jwks_uri", "either the address of the keys, or the keys"),
        ({"jwks": KEYS}, "jwks_uri", "either the address of the keys, or the keys"),
        ({"jwks_uri": "", "jwks": "{"}, "jwks", "JSON Web Key Set of public keys"),
        ({"jwks_uri": "", "jwks": "[" * 9000}, "jwks", "JSON Web Key Set of public keys"),
        (
            {"jwks_uri": "", "jwks": json.dumps({"keys": [signing_key().private]})},
            "jwks",
            "JSON Web Key Set of public keys",
        ),
        ({"algorithms.RS256": ""}, "algorithms", "Choose at least one."),
        (
            {"audience": "https://elsewhere.example"},
            "audience",
            "must be the issuer of this server",
        ),
        ({"subjects": "a-*"}, "subjects", "Enter 1 to 20 subjects"),
        ({"subjects": ""}, "subjects", "Enter 1 to 20 subjects"),
        ({"client_id": ""}, "client_id", "Enter either a client or a user, or choose"),
        ({"client_id": "unknown"}, "client_id", "no client with that ID"),
        ({"user_id": "ada"}, "client_id", "Enter either a client or a user"),
        ({"email_domains": "work.example"}, "email_domains", "or choose that the tokens are"),
        ({"create_users": "1"}, "create_users", "or choose that the tokens are"),
        ({"single_use": "1"}, "single_use", "or choose that the tokens are"),
        ({**OF_IDENTITIES, "client_id": "c"}, "client_id", "stands for its own user"),
        ({**OF_IDENTITIES, "presenters": ""}, "presenters", "Enter at least one client"),
        ({**OF_IDENTITIES, "email_domains": "A.example"}, "email_domains", "in lower case"),
        ({**OF_IDENTITIES, "accepted_for": "59"}, "accepted_for", "from 60 to 3,600"),
        ({**OF_IDENTITIES, "accepted_for": ""}, "accepted_for", "from 60 to 3,600"),
        (
            {"client_id": "", "user_id": "nobody", "presenters": "x"},
            "user_id",
            "There is no user with that name.",
        ),
        ({"client_id": "", "user_id": "ada"}, "presenters", "Enter at least one client"),
        ({"presenters": "x"}, "presenters", "Leave this empty"),
        ({"scopes": 'a"b'}, "scopes", "Enter up to 100 names of scopes"),
        ({"resources": "nothing"}, "resources", "There is no resource with that name."),
        ({"claims": "environment"}, "claims", "lines of the form name=value"),
        ({"claims": "environment="}, "claims", "lines of the form name=value"),
        ({"maximum_age": "59"}, "maximum_age", "Enter a number from 60 to 86,400."),
        ({"maximum_age": ""}, "maximum_age", "Enter a number from 60 to 86,400."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    app: Application,
    visitor: Visitor,
    client: TestClient,
    fields: dict[str, Any],
    field: str,
    message: str,
) -> None:
    await administrator_in(visitor)
    await new_workload(app, name="taken", client_id=client.client_id)

    page = await submitted(visitor, f"{PATH}/+new", **typed(client, **fields))

    assert page.status_code >= 400
    assert f'id="{field}-error"' in page.text
    assert message in told(page)
    rows = await services_of(app).oauth.trusted_issuers.list_all()
    assert [row.name for row in rows] == ["taken"]


async def test_a_change_needs_a_recent_sign_in(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await administrator_in(visitor)
    await new_workload(app, name="build", client_id=client.client_id)
    app.clock.advance(seconds=FRESH_SECONDS)

    for place in ("+new", "build/edit", "build/delete"):
        page = await visitor.get(f"{PATH}/{place}")
        assert page.headers["location"].startswith("/login?next=admin%2Fissuers%2F")


async def test_an_auditor_reads_issuers_and_changes_none(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    await new_workload(app, name="build", client_id=client.client_id)
    await administrator_in(visitor, "auditor")

    page = await visitor.get(f"{PATH}/build")

    assert page.status_code == 200
    assert "/edit" not in page.text
    for place in ("+new", "build/edit", "build/delete"):
        assert (await visitor.get(f"{PATH}/{place}")).status_code == 403
    assert (await visitor.get(f"{PATH}/missing")).status_code == 404


async def test_an_issuer_of_identity_assertions_is_trusted_and_changed(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    """Identity assertions: each stands for a user of its own"""
    await administrator_in(visitor)
    fields = {**OF_IDENTITIES, "presenters": client.client_id}
    page = await submitted(
        visitor,
        f"{PATH}/+new",
        **typed(
            client,
            **{**fields, "email_domains": "b.example a.example", "create_users": "1"},
        ),
    )
    assert page.status_code == 303, told(page)
    created, shown = await stored(app), await visitor.follow(page)
    texts = {"subjects": "*", "presenters": client.client_id}
    changes = {"create_users": "", "single_use": "1", "accepted_for": "900", "email_domains": ""}
    await submitted(visitor, f"{PATH}/build/edit", **texts, **changes)
    changed = await stored(app)
    for_a_client = await submitted(
        visitor,
        f"{PATH}/build/edit",
        subjects=PATTERN,
        client_id=client.client_id,
        identities="",
        single_use="",
    )

    assert created.identities == IdentityRules(
        email_domains=("a.example", "b.example"),
        accepted_for=600,
        is_single_use=False,
        creates_users=True,
    )
    assert "Create the user of an unknown subject Yes" in told(shown)
    assert "a.example, b.example" in told(shown)
    assert changed.identities == IdentityRules(
        email_domains=(), accepted_for=900, is_single_use=True, creates_users=False
    )
    assert for_a_client.status_code == 303, told(for_a_client)
    assert (await stored(app)).identities is None


async def test_a_form_keeps_the_rules_for_identity_assertions(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    """Identity assertions: what the form shows stays as it was"""
    await administrator_in(visitor)
    employer = await new_employer(app, identities={"email_domains": ["work.example"]})
    name, presenter = employer.row.name, employer.client.client_id
    texts = {"jwks": KEYS, "subjects": "*", "presenters": presenter}

    shown, listed = await visitor.get(f"{PATH}/{name}"), await visitor.get(PATH)
    saved = await submitted(visitor, f"{PATH}/{name}/edit", **texts, scopes="read")
    after = await stored(app, name)
    for_client = await submitted(
        visitor, f"{PATH}/{name}/edit", **texts, client_id=client.client_id
    )
    for_nobody = await submitted(visitor, f"{PATH}/{name}/edit", **{**texts, "presenters": ""})

    assert "The user of each token" in told(shown)
    assert presenter in shown.text
    assert name in told(listed)
    assert saved.status_code == 303, told(saved)
    assert (after.scopes, after.subjects) == ("read", "*")
    assert after.identity_rules == employer.row.identity_rules
    assert "each token of this issuer stands for its own user" in told(for_client)
    assert "Enter at least one client" in told(for_nobody)
    assert await stored(app, name) == after
