"""Resources in the console, and the default resource of a client."""

import html
import re

import httpx
import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.administration import new_group
from tests.support.application import Application
from tests.support.client_documents import stored_document
from tests.support.console import administrator_in, told
from tests.support.parts import services_of
from tests.support.resources import READ, make_default, new_resource
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
PATH = "/admin/resources"
IDENTIFIER = "https://reports.example.com/mcp"


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app()


async def stored(app: Application, name: str = "reports") -> Resource:
    return await services_of(app).oauth.resources.get(name)


def chosen_in(page: httpx.Response) -> dict[str, str]:
    """Return what the lists and text areas of a form contain."""
    values = {}
    for name, body in re.findall(
        r'<select [^>]*name="([^"]+)".*?>(.*?)</select>', page.text, re.DOTALL
    ):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        values[name] = next((value for value, is_chosen in options if is_chosen), options[0][0])
    for name, body in re.findall(
        r'<textarea [^>]*name="([^"]+)".*?>(.*?)</textarea>', page.text, re.DOTALL
    ):
        values[name] = html.unescape(body)
    return values


async def submitted(visitor: Visitor, form: httpx.Response, **fields: str) -> httpx.Response:
    """Submit a form as a browser does."""
    return await visitor.submit(form, **{**chosen_in(form), **fields})


async def test_a_resource_is_added_and_shown_with_its_metadata(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    empty = await visitor.get(PATH)

    page = await visitor.submit(
        await visitor.get(f"{PATH}/+new"),
        name="reports",
        identifier=IDENTIFIER,
        title="Reports",
        is_open_to_all_clients="all",
    )
    shown, listed = await visitor.follow(page), await visitor.get(PATH)

    assert "Resources appear here. Add one" in told(empty)
    assert page.headers["location"] == f"{PATH}/reports?done=created"
    assert (await stored(app)).is_open_to_all_clients is True
    for text in (
        IDENTIFIER,
        "Every client",
        "https://reports.example.com/.well-known/oauth-protected-resource/mcp",
        'WWW-Authenticate: Bearer resource_metadata="https://reports.example.com/',
    ):
        assert text in told(shown)
    assert f"Reports {IDENTIFIER} Every client" in told(listed)


async def test_only_listed_clients_may_request_a_new_resource_unless_it_is_said(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    form = await visitor.get(f"{PATH}/+new")

    await visitor.submit(form, name="reports", identifier=IDENTIFIER, title="Reports")

    assert (await stored(app)).is_open_to_all_clients is False


async def test_a_resource_is_edited_with_all_its_fields(app: Application, visitor: Visitor) -> None:
    await administrator_in(visitor)
    before = await new_resource(app, name="reports")

    page = await submitted(
        visitor,
        await visitor.get(f"{PATH}/reports/edit"),
        title="All reports",
        is_open_to_all_clients="listed",
        aliases="https://a.example/\nhttps://b.example/x",
        token_format="jwt",
        signing_alg="RS256",
        access_token_ttl="300",
        shows_metadata="1",
    )
    shown, after = await visitor.follow(page), await stored(app)
    unchanged = await submitted(visitor, await visitor.get(f"{PATH}/reports/edit"))

    assert "Your changes have been saved." in told(shown)
    assert (after.title, after.token_format, after.signing_alg) == ("All reports", "jwt", "RS256")
    assert after.aliases == {"https://a.example", "https://b.example/x"}
    assert (after.access_token_ttl, after.is_open_to_all_clients) == (300, False)
    assert (after.shows_metadata, after.allows_personal_tokens) == (True, False)
    assert after.scopes == before.scopes
    assert "/resources/reports/metadata" in told(shown)
    assert unchanged.status_code == 303
    assert await stored(app) == after


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "No Name", "Enter 1 to 64 lower-case letters"),
        ("name", "", "Enter 1 to 64 lower-case letters"),
        ("name", "taken", "A resource with this name already exists."),
        ("identifier", "relative", "Enter an absolute URI"),
        ("identifier", "https://a.example/#b", "Enter an absolute URI"),
        ("identifier", "https://taken.example/", "another resource has this identifier"),
        ("identifier", "http://localhost:5000", "can't be the issuer"),
        ("title", "", "Enter a name of 1 to 200 characters."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    app: Application, visitor: Visitor, field: str, value: str, message: str
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="taken")
    values = {"name": "reports", "identifier": IDENTIFIER, "title": "Reports", field: value}

    page = await visitor.submit(await visitor.get(f"{PATH}/+new"), **values)

    assert page.status_code >= 400
    assert f'id="{field}-error"' in page.text
    assert message in told(page)
    assert [each.name for each in await services_of(app).oauth.resources.list_all()] == ["taken"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("access_token_ttl", "59"), ("access_token_ttl", "soon"), ("aliases", "relative")),
        *(("aliases", "https://taken.example"), ("token_format", "saml"), ("signing_alg", "none")),
    ],
)
async def test_a_wrong_change_is_not_stored(
    app: Application, visitor: Visitor, field: str, value: str
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="taken")
    before = await new_resource(app, name="reports")

    page = await submitted(visitor, await visitor.get(f"{PATH}/reports/edit"), **{field: value})

    assert page.status_code >= 400
    assert f'id="{field}-error"' in page.text
    assert await stored(app) == before


async def test_a_form_that_was_opened_before_another_change_is_shown_again(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="reports")
    form = await visitor.get(f"{PATH}/reports/edit")
    await submitted(visitor, await visitor.get(f"{PATH}/reports/edit"), title="Meanwhile")

    page = await submitted(visitor, form, title="Mine")

    assert page.status_code == 409
    assert "Changed in the meantime to: Meanwhile" in told(page)
    assert (await stored(app)).title == "Meanwhile"


async def test_a_resource_is_deleted_unless_it_is_a_default(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client()
    made = await new_resource(app, name="reports")
    await make_default(app, client, made)
    await administrator_in(visitor)

    kept = await visitor.submit(await visitor.get(f"{PATH}/reports/delete"))
    await make_default(app, client, None)
    deleted = await visitor.submit(await visitor.get(f"{PATH}/reports/delete"))

    assert kept.status_code == 409
    assert "Clients have this resource as their default" in told(kept)
    assert deleted.headers["location"] == f"{PATH}?done=deleted"
    assert (await visitor.get(f"{PATH}/reports")).status_code == 404


@pytest.mark.parametrize("name", ["reports.read", "https://api.example.com/read?x=%41"])
async def test_a_scope_is_added_changed_and_removed(
    app: Application, visitor: Visitor, name: str
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="reports")

    added = await visitor.submit(
        await visitor.get(f"{PATH}/reports/scopes/+new"),
        name=name,
        description="Read all",
        is_default="1",
        **{"translation.de": "Alles lesen", "implies.read": "1"},
    )
    scope = (await stored(app)).scopes_by_name[name]
    page = await visitor.follow(added)
    links = [each for each in page.text.split('"') if "/scopes/" in each and each.endswith("/edit")]
    # the scopes are listed by name: the new one is before `write`, and before or after `read`
    url = next(each for each in links if each.split("/")[-2] not in ("read", "write"))
    changed = await visitor.submit(
        await visitor.get(url), description="Read more", **{"translation.de": ""}
    )
    after = (await stored(app)).scopes_by_name[name]
    removed = await visitor.submit(await visitor.get(url.replace("/edit", "/delete")))

    assert (scope.description, scope.texts) == ("Read all", {"de": "Alles lesen"})
    assert (scope.is_default, scope.implies) == (True, "read")
    assert (after.description, dict(after.texts)) == ("Read more", {})
    assert (added.status_code, changed.status_code, removed.status_code) == (303, 303, 303)
    assert name not in (await stored(app)).scopes_by_name


async def test_a_removed_scope_is_no_longer_included_in_others(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="reports")

    page = await visitor.submit(await visitor.get(f"{PATH}/reports/scopes/read/delete"))

    assert page.status_code == 303
    assert {each.name: each.implies for each in (await stored(app)).scopes} == {"write": ""}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "two words", "Enter 1 to 128 characters"),
        ("name", "read", "The resource has a scope of this name already."),
        ("name", "openid", "This name is reserved"),
        ("name", "users:read", "This name is reserved"),
        ("description", "", "Enter a sentence of 1 to 200 characters."),
        ("translation.de", "x" * 201, "Enter a sentence of 1 to 200 characters."),
    ],
)
async def test_a_wrong_scope_is_said_beside_its_field(
    app: Application, visitor: Visitor, field: str, value: str, message: str
) -> None:
    await administrator_in(visitor)
    before = await new_resource(app, name="reports")
    values = {"name": "other", "description": "Read", field: value}

    page = await visitor.submit(await visitor.get(f"{PATH}/reports/scopes/+new"), **values)

    assert page.status_code >= 400
    assert f'id="{field}-error"' in page.text
    assert message in told(page)
    assert await stored(app) == before


async def test_a_client_is_added_changed_and_removed(app: Application, visitor: Visitor) -> None:
    client = await app.create_client()
    await administrator_in(visitor)
    await new_resource(app, name="reports", is_open_to_all_clients=False)
    url = f"{PATH}/reports/clients/{client.client_id}"

    added = await visitor.submit(
        await visitor.get(f"{PATH}/reports/clients/+new"),
        client_id=client.client_id,
        may_request="1",
    )
    first = await stored(app)
    shown = await visitor.follow(added)
    changed = await visitor.submit(await visitor.get(f"{url}/edit"), may_request="", is_server="1")
    second = await stored(app)
    neither = await visitor.submit(await visitor.get(f"{url}/edit"), is_server="")
    removed = await visitor.submit(await visitor.get(f"{url}/delete"))
    third = await stored(app)

    assert f"{client.client_id} Yes No" in told(shown)
    assert [sorted(first.requesters), sorted(first.servers)] == [[client.client_id], []]
    assert changed.status_code == removed.status_code == 303
    assert [sorted(second.requesters), sorted(second.servers)] == [[], [client.client_id]]
    assert (neither.status_code, "Choose at least one." in told(neither)) == (400, True)
    assert not third.requesters | third.servers
    assert (await visitor.get(f"{url}/edit")).status_code == 404


@pytest.mark.parametrize("length", [1, 300])
async def test_an_agent_is_changed_and_removed_too(
    app: Application, visitor: Visitor, length: int
) -> None:
    """Its ID is a URL, or the digest of a long one"""
    url = f"https://agent.example/{'a' * length}/client.json?v=1"
    agent = await stored_document(services_of(app), url)
    await administrator_in(visitor)
    await new_resource(app, name="reports", is_open_to_all_clients=False)

    form = await visitor.get(f"{PATH}/reports/clients/+new")
    shown = await visitor.follow(
        await visitor.submit(form, client_id=agent.client_id, may_request="1")
    )
    first = await stored(app)
    links = re.findall(r'href="(/admin/(?:agents|resources/reports/clients)/[^"+]+)"', shown.text)
    pages = [await visitor.get(html.unescape(link)) for link in links]
    removed = await visitor.submit(pages[-1])

    assert first.requesters == {agent.client_id}
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert agent.client_id in told(pages[-1])
    assert removed.status_code == 303
    assert not (await stored(app)).requesters


async def test_only_known_clients_are_added_and_only_confidential_ones_as_servers(
    app: Application, visitor: Visitor
) -> None:
    public = await app.create_client(
        token_endpoint_auth_method="none", grant_types=["authorization_code"]
    )
    await administrator_in(visitor)
    before = await new_resource(app, name="reports")
    form = await visitor.get(f"{PATH}/reports/clients/+new")

    for values, field, message in (
        ({"client_id": "unknown", "may_request": "1"}, "client_id", "no client with that ID"),
        ({"client_id": "", "may_request": "1"}, "client_id", "no client with that ID"),
        ({"client_id": public.client_id}, "may_request", "Choose at least one."),
        (
            {"client_id": public.client_id, "is_server": "1"},
            "is_server",
            "can only name confidential clients",
        ),
    ):
        page = await visitor.submit(form, **values)
        assert page.status_code >= 400
        assert f'id="{field}-error"' in page.text
        assert message in told(page)
    assert await stored(app) == before


async def test_a_change_of_clients_needs_a_recent_sign_in(
    app: Application, visitor: Visitor
) -> None:
    await new_resource(app, name="reports", scopes=[READ])
    await administrator_in(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)

    for place in ("edit", "delete", "clients/+new", "scopes/read/delete"):
        page = await visitor.get(f"{PATH}/reports/{place}")
        assert page.status_code == 303
        assert page.headers["location"].startswith("/login?next=admin%2Fresources%2Freports")
    assert (await visitor.get(f"{PATH}/reports/scopes/+new")).status_code == 200


async def test_an_auditor_reads_resources_and_changes_none(
    app: Application, visitor: Visitor
) -> None:
    await new_resource(app, name="reports")
    await administrator_in(visitor, "auditor")

    page = await visitor.get(f"{PATH}/reports")

    assert page.status_code == 200
    assert "/edit" not in page.text
    for place in ("+new", "reports/edit", "reports/delete", "reports/scopes/+new"):
        assert (await visitor.get(f"{PATH}/{place}")).status_code == 403
    assert (await visitor.get(f"{PATH}/reports/clients/+new")).status_code == 403


@pytest.mark.parametrize(
    "place",
    [
        *("missing", "missing/edit", "reports/scopes/missing/edit", "reports/scopes/+!/edit"),
        *("reports/clients/missing/edit", "reports/clients/missing/delete"),
    ],
)
async def test_what_is_not_there_is_not_found(
    app: Application, visitor: Visitor, place: str
) -> None:
    await new_resource(app, name="reports")
    await administrator_in(visitor)

    assert (await visitor.get(f"{PATH}/{place}")).status_code == 404


async def test_the_default_resource_of_a_client_is_chosen_and_removed(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client()
    await new_resource(app, name="reports", title="The reports")
    await new_resource(app, name="closed", title="Closed", is_open_to_all_clients=False)
    await administrator_in(visitor)
    url = f"/admin/clients/{client.client_id}"
    form = await visitor.get(f"{url}/default-resource")

    chosen = await visitor.follow(await visitor.submit(form, default_resource="reports"))
    stale = await visitor.submit(form, default_resource="")
    again = await visitor.get(f"{url}/default-resource")
    refused = await visitor.submit(again, default_resource="closed")
    removed = await visitor.follow(await visitor.submit(again, default_resource=""))

    assert ("The reports" in form.text, "Closed" in form.text) == (True, False)
    assert "Default resource reports" in told(chosen)
    assert stale.status_code == 409
    assert refused.status_code == 422
    assert "may not request this resource" in told(refused)
    assert "Default resource None" in told(removed)


async def test_personal_tokens_are_for_the_chosen_groups(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor)
    await new_resource(app, name="reports")
    chosen, other = await new_group(app), await new_group(app)
    path = f"{PATH}/reports/personal-tokens"

    form = await visitor.get(path)
    unsaid = await submitted(visitor, form, kind="groups")
    unknown = await submitted(visitor, form, kind="some")
    saved = await submitted(visitor, form, kind="groups", **{f"groups.{chosen.group_id}": "1"})
    shown, after = await visitor.follow(saved), await stored(app)
    again = await visitor.get(path)
    late = await submitted(visitor, form, kind="everyone")
    await submitted(visitor, again, kind="nobody")

    assert "Choose at least one group." in told(unsaid)
    assert "Choose one of the values." in told(unknown)
    assert "Members of the groups below" in told(shown)
    assert after.allows_personal_tokens is True
    assert after.policies_in_force.personal_tokens.groups == (chosen.group_id,)
    assert chosen_in(again)["kind"] == "groups"
    assert re.search(f'name="groups.{chosen.group_id}"[^>]* checked', again.text)
    assert not re.search(f'name="groups.{other.group_id}"[^>]* checked', again.text)
    assert late.status_code == 409
    assert (await stored(app)).allows_personal_tokens is False
