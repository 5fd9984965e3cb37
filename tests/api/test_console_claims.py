"""Claim mappings and snippets of clients in the console."""

import html
import re
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.schemas.claim_mappings import ClaimMapping, MappingTarget
from app.schemas.claim_names import RESERVED_CLAIMS
from app.services.clients.snippets import SNIPPETS
from tests.conftest import AppFactory
from tests.support.administration import define, set_policies
from tests.support.application import Application, TestClient
from tests.support.console import administrator_in, form_fields
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
PATH = "/admin/clients"
TEAMS = {
    "name": "teams",
    "source": "groups",
    "id_token": "1",
    "prefix": "sso: ",
    "filter": "staff-*, ops",
}
IN_ID_TOKEN = frozenset({MappingTarget.ID_TOKEN})


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


@pytest.fixture
def url(client: TestClient) -> str:
    return f"{PATH}/{client.client_id}"


def told(page: httpx.Response) -> str:
    return " ".join(text_of(page).split())


def chosen(page: httpx.Response) -> dict[str, str]:
    """Return the values of the selects of a form, as a browser posts them."""
    values = {}
    for name, options in re.findall('<select id="([^"]+)".*?>(.*?)</select>', page.text, re.DOTALL):
        every = re.findall('<option value="([^"]*)"( selected)?', options)
        values[name] = next((value for value, mark in every if mark), every[0][0])
    return values


async def mappings(app: Application, client: TestClient) -> tuple[ClaimMapping, ...]:
    stored = await services_of(app).clients.clients.get(client.client_id)
    policies = stored.policies_in_force
    return policies.claim_mappings if policies is not None else ()


async def test_a_claim_is_added_changed_and_removed(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await administrator_in(visitor)
    empty = await visitor.get(url)

    added = await visitor.submit(await visitor.get(f"{url}/claims/+new"), **TEAMS)
    [mapping] = await mappings(app, client)
    listed, form = await visitor.get(url), await visitor.get(f"{url}/claims/1")
    changes = {"name": "squads", "introspection": "1", "prefix": "", "filter": ""}
    saved = await visitor.submit(form, **chosen(form), **changes)
    [changed] = await mappings(app, client)
    removed = await visitor.submit(await visitor.get(f"{url}/remove-claim/1"))

    assert "The app gets the standard claims of its scopes" in told(empty)
    assert added.headers["location"] == f"{url}?done=added"
    assert mapping == ClaimMapping(
        name="teams",
        source="groups",
        targets=IN_ID_TOKEN,
        prefix="sso: ",
        filter=("staff-*", "ops"),
    )
    assert "teams Groups of the user sso: staff-*, sso: ops In the ID token" in told(listed)
    assert saved.headers["location"] == f"{url}?done=saved"
    assert changed == ClaimMapping(
        name="squads",
        source="groups",
        targets=IN_ID_TOKEN | {MappingTarget.INTROSPECTION},
    )
    assert removed.headers["location"] == f"{url}?done=removed"
    assert await mappings(app, client) == ()


async def test_the_form_of_a_claim_shows_what_is_stored(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    """Saving it without a change changes nothing."""
    await define(app, "department", "string")
    stored = [
        {"name": "teams", "source": "groups", "targets": ["userinfo"], "prefix": "a ",
         "filter": ["*", "with, comma"]},
        {"name": "unit", "source": "attribute:department", "targets": ["id_token"]},
        *(
            {"name": f"claim{number}", "source": "static", "targets": ["id_token"], "value": value}
            for number, value in enumerate(["text", 5, 1.5, True, False, ["a", "b,c"]])
        ),
    ]  # fmt: skip
    await set_policies(app, client, claim_mappings=stored)
    before = await mappings(app, client)
    await administrator_in(visitor)

    for number in range(1, len(stored) + 1):
        form = await visitor.get(f"{url}/claims/{number}")
        assert (await visitor.submit(form, **chosen(form))).status_code == 303

    assert await mappings(app, client) == before
    assert [type(each.value) for each in await mappings(app, client)][-4:-1] == [float, bool, bool]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "5", "5"),
        ("number", "5", 5),
        ("boolean", "true", True),
        ("list", "a,b", ("a", "b")),
    ],
)
async def test_a_static_value_has_the_type_that_was_chosen(
    app: Application, visitor: Visitor, client: TestClient, url: str, kind: str, text: str,
    value: Any,
) -> None:  # fmt: skip
    await administrator_in(visitor)

    await visitor.submit(
        await visitor.get(f"{url}/claims/+new"),
        name="tier", source="static", id_token="1", value=text, type=kind,
    )  # fmt: skip

    [mapping] = await mappings(app, client)
    stored = tuple(mapping.value) if isinstance(mapping.value, list) else mapping.value
    assert (stored, type(stored)) == (value, type(value))


@pytest.mark.parametrize(
    ("field", "changes", "message"),
    [
        ("name", {"name": "sub"}, "This claim is reserved"),
        ("name", {"name": "two words"}, "without spaces"),
        ("name", {"name": ""}, "without spaces"),
        (
            "source",
            {"source": "everything", "prefix": "", "filter": ""},
            "Choose one of the values.",
        ),
        (
            "source",
            {"source": "attribute:nothing", "prefix": "", "filter": ""},
            "a defined attribute",
        ),
        ("id_token", {"id_token": ""}, "Choose at least one place."),
        ("value", {"value": "5"}, "Leave it empty"),
        ("value", {"source": "static", "prefix": "", "filter": ""}, "Enter a value of the type"),
        (
            "value",
            {"source": "static", "prefix": "", "filter": "", "value": "x", "type": "number"},
            "Enter a value of the type",
        ),
        (
            "value",
            {"source": "static", "prefix": "", "filter": "", "value": "nan", "type": "number"},
            "Enter a value of the type",
        ),
        (
            "type",
            {"source": "static", "prefix": "", "filter": "", "value": "x", "type": "object"},
            "Choose one of the values.",
        ),
        ("prefix", {"source": "roles", "filter": ""}, "choose the groups as the source"),
        ("filter", {"source": "roles", "prefix": ""}, "choose the groups as the source"),
        ("prefix", {"prefix": "ü"}, "ASCII"),
        ("filter", {"filter": "[broken"}, "at most 50 names"),
        ("filter", {"filter": ",".join(map(str, range(51)))}, "at most 50 names"),
    ],
)
async def test_a_value_that_is_not_allowed_is_reported_beside_its_field(
    app: Application, visitor: Visitor, client: TestClient, url: str, field: str,
    changes: dict[str, str], message: str,
) -> None:  # fmt: skip
    await administrator_in(visitor)
    form = await visitor.get(f"{url}/claims/+new")

    page = await visitor.submit(form, **{**chosen(form), **TEAMS, **changes})

    assert page.status_code in (400, 409, 422)
    error = page.text.partition(f'id="{field}-error">')[2].partition("<")[0]
    assert message in html.unescape(error)
    assert await mappings(app, client) == ()


@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS))
async def test_no_reserved_claim_is_mapped(
    app: Application, visitor: Visitor, client: TestClient, url: str, name: str
) -> None:
    await administrator_in(visitor)

    page = await visitor.submit(await visitor.get(f"{url}/claims/+new"), **{**TEAMS, "name": name})

    assert 'id="name-error">This claim is reserved' in page.text
    assert await mappings(app, client) == ()


async def test_an_attribute_that_users_edit_is_not_the_source_of_a_standard_claim(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await define(app, "motto", "string", editable_by="user")
    await administrator_in(visitor)
    form = await visitor.get(f"{url}/claims/+new")

    page = await visitor.submit(form, name="name", source="attribute:motto", userinfo="1")

    assert 'id="source-error"' in page.text
    assert await mappings(app, client) == ()


async def test_a_claim_is_not_set_twice_in_the_same_place(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await administrator_in(visitor)
    await visitor.submit(await visitor.get(f"{url}/claims/+new"), **TEAMS)

    twice = await visitor.submit(await visitor.get(f"{url}/claims/+new"), **TEAMS)
    elsewhere = await visitor.submit(
        await visitor.get(f"{url}/claims/+new"), **{**TEAMS, "id_token": "", "userinfo": "1"}
    )

    assert 'id="name-error">Another claim of this client' in twice.text
    assert elsewhere.status_code == 303
    assert len(await mappings(app, client)) == 2


async def test_there_is_a_most_to_the_claims_of_a_client(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await set_policies(
        app,
        client,
        claim_mappings=[
            {"name": f"c{number}", "source": "roles", "targets": ["id_token"]}
            for number in range(50)
        ],
    )
    await administrator_in(visitor)

    page = await visitor.submit(await visitor.get(f"{url}/claims/+new"), **TEAMS)

    assert "at most 50 claims" in told(page)
    assert len(await mappings(app, client)) == 50


async def test_an_outdated_form_overwrites_nothing(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await set_policies(
        app, client, claim_mappings=[{"name": "a", "source": "roles", "targets": ["id_token"]}]
    )
    await administrator_in(visitor)
    pages = [
        await visitor.get(f"{url}/{place}")
        for place in ("claims/+new", "claims/1", "remove-claim/1")
    ]
    await set_policies(
        app, client, claim_mappings=[{"name": "b", "source": "roles", "targets": ["id_token"]}]
    )

    answers = [await visitor.submit(page) for page in pages]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert "Changed in the meantime to: b" in told(answers[1])
    assert [each.name for each in await mappings(app, client)] == ["b"]


@pytest.mark.parametrize("number", ["0", "2", "x", "-1", "9999", "%D9%A1"])
async def test_a_claim_that_does_not_exist_is_not_found(
    app: Application, visitor: Visitor, client: TestClient, url: str, number: str
) -> None:
    await set_policies(
        app, client, claim_mappings=[{"name": "a", "source": "roles", "targets": ["id_token"]}]
    )
    await administrator_in(visitor)

    for place in ("claims", "remove-claim"):
        assert (await visitor.get(f"{url}/{place}/{number}")).status_code == 404


async def test_an_auditor_reads_the_claims_and_changes_none(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await set_policies(
        app, client, claim_mappings=[{"name": "a", "source": "roles", "targets": ["id_token"]}]
    )
    before = await mappings(app, client)
    await administrator_in(visitor, "auditor")
    fields = {**await form_fields(visitor), "version": "*"}

    page = await visitor.get(url)
    answers = [
        await visitor.http.post(f"{url}/{place}", data=fields)
        for place in ("claims/+new", "claims/1", "remove-claim/1")
    ]

    assert "Roles of the user" in told(page)
    assert "/claims/" not in page.text
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert await mappings(app, client) == before


async def test_a_client_with_a_secret_has_the_snippets_that_the_command_prints(
    app: Application, visitor: Visitor, client: TestClient, url: str
) -> None:
    await administrator_in(visitor, "auditor")
    stored = await services_of(app).clients.clients.get(client.client_id)

    listed, page = await visitor.get(url), await visitor.get(f"{url}/snippets/curl")
    snippet = next(each for each in SNIPPETS if each.name == "curl")
    printed = snippet.text(stored, issuer=app.settings.issuer_url, cli_client_id=None)

    assert f"{url}/snippets/fastapi" in listed.text
    assert f"{url}/snippets/grafana" not in listed.text
    shown = page.text.partition('<code id="snippet">')[2].partition("</code>")[0]
    assert html.unescape(shown) == printed
    assert client.client_secret not in page.text + listed.text


@pytest.mark.parametrize(
    ("uri", "first"),
    [
        ("https://grafana.example.com/login/generic_oauth", "grafana"),
        ("https://argocd.example.com/auth/callback", "argocd"),
        ("https://cloud.example.com/index.php/apps/user_oidc/code", "nextcloud"),
        ("http://localhost:8000", "kubernetes"),
    ],
)
async def test_a_client_of_a_preset_has_its_snippet_first(
    app: Application, visitor: Visitor, uri: str, first: str
) -> None:
    client = await app.create_client(redirect_uris=[uri])
    await administrator_in(visitor)

    page = await visitor.get(f"{PATH}/{client.client_id}")
    snippet = await visitor.get(f"{PATH}/{client.client_id}/snippets/{first}")

    names = [
        part.partition('"')[0]
        for part in page.text.split(f'href="{PATH}/{client.client_id}/snippets/')[1:]
    ]
    others = {"grafana", "argocd", "nextcloud", "kubernetes"} - {first}
    assert names[0] == first
    assert others.isdisjoint(names)
    assert client.client_id in snippet.text
    assert client.client_secret not in snippet.text


async def test_a_client_without_a_secret_gets_only_snippets_that_need_none(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client(token_endpoint_auth_method="none")
    await administrator_in(visitor)
    url = f"{PATH}/{client.client_id}"

    listed, refused = await visitor.get(url), await visitor.get(f"{url}/snippets/fastapi")

    assert f"{url}/snippets/curl" in listed.text
    assert f"{url}/snippets/fastapi" not in listed.text
    assert refused.status_code == 404
    assert "This client has no secret." in told(await visitor.get(f"{url}/snippets/curl"))


async def test_a_service_has_no_snippets_and_the_page_says_why(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new/service")
    await visitor.submit(form, client_name="Nightly")
    [(client, _)] = await services_of(app).clients.client_search.find("Nightly")

    page = await visitor.get(f"{PATH}/{client.client_id}")

    assert "This client has no redirect URI" in told(page)
    assert "/snippets/" not in page.text
