"""Personal access tokens: `/account/tokens`, and their introspection by the resource's servers."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.errors import ConflictError
from app.models.oauth.resources import Resource
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS, happened, person_with_mail, signed_in, stored
from tests.support.administration import id_of, leave, new_group, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.identity_provider import fields_in
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.resources import new_resource
from tests.support.smtp import html_of, running_mail_server
from tests.support.smtp import text_of as body_in
from tests.support.visitor import Visitor, text_of, visiting

PATH = "/account/tokens"
TOKEN = re.compile(r"postern_pt_[A-Za-z0-9_-]+")
DAY = 86_400
TOO_MANY = "You already have 50 access tokens. Revoke one before you create another."


@dataclass(frozen=True)
class Service:
    server: TestClient
    resource: Resource


@pytest_asyncio.fixture
async def service(app: Application) -> Service:
    """A resource whose users may all have personal tokens, with the client that serves it."""
    server = await app.create_client()
    resource = await new_resource(app, servers=[server.client_id], allows_personal_tokens=True)
    return Service(server, resource)


async def submit(visitor: Visitor, resource: Resource, **fields: Any) -> httpx.Response:
    """Fill in the form for a resource and send it."""
    page = await visitor.get(f"{PATH}?resource={resource.name}")
    form = {"name": "Backup", "days": "30", "resource": resource.name, **fields}
    if not any(name.startswith("scope:") for name in form):
        form["scope:read"] = "1"
    return await visitor.submit(page, to=PATH, **form)


async def create(visitor: Visitor, service: Service, **fields: Any) -> str:
    page = await submit(visitor, service.resource, **fields)
    assert page.status_code == 200, text_of(page)
    (token,) = set(TOKEN.findall(page.text))
    return str(token)


async def sees(app: Application, service: Service, token: str) -> bool:
    return bool((await app.introspect(service.server, token))["active"])


@pytest.mark.both_databases
async def test_a_user_creates_a_token_that_is_shown_once_and_introspected(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    """RFC 7662 section 2.2"""
    await signed_in(visitor, user)

    token = await create(visitor, service, **{"scope:write": "1", "scope:read": ""})

    body = await app.introspect(service.server, token)
    assert body["active"] is True
    assert body["scope"] == "read write"  # `write` implies `read`
    assert body["aud"] == service.resource.identifier
    assert body["username"] == user.username
    assert body["exp"] - body["iat"] == 30 * DAY
    assert "client_id" not in body
    page = await visitor.get(PATH)
    assert token not in page.text
    assert "Backup" in text_of(page)
    assert service.resource.title in text_of(page)


async def test_only_a_server_of_the_resource_sees_a_token(
    app: Application, visitor: Visitor, user: TestUser, service: Service, client: TestClient
) -> None:
    """SECURITY_BAR row 39"""
    other_server = await app.create_client()
    await new_resource(app, servers=[other_server.client_id], allows_personal_tokens=True)
    await signed_in(visitor, user)
    token = await create(visitor, service)

    for stranger in (client, other_server):
        assert await app.introspect(stranger, token) == {"active": False}


@pytest.mark.parametrize("path", ["/userinfo", "/profile", "/admin/api/v1/users"])
async def test_our_own_endpoints_refuse_a_token(
    app: Application, visitor: Visitor, user: TestUser, service: Service, path: str
) -> None:
    """RFC 6750 section 3.1"""
    await signed_in(visitor, user)
    token = await create(visitor, service)

    response = await app.http.get(path, headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 401


async def test_a_token_is_no_refresh_token(
    app: Application, visitor: Visitor, user: TestUser, service: Service, client: TestClient
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)

    form = {"grant_type": "refresh_token", "refresh_token": token}
    response = await app.http.post("/token", data=form, auth=client.auth)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_grant"


async def test_a_token_expires(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service, days="1")

    app.clock.advance(seconds=DAY - 1)
    assert await sees(app, service, token)
    app.clock.advance(seconds=1)
    assert not await sees(app, service, token)


async def test_a_token_is_inactive_while_its_user_is_disabled(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)

    await set_user_disabled(services_of(app), user.username, disabled=True)

    assert not await sees(app, service, token)


async def test_a_token_ends_when_its_user_changes_the_password(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)
    new = "a-quite-different-passphrase-9"
    page = await visitor.get("/account/password")
    form = {"current_password": user.password, "password": new, "repeated": new}
    changed = await visitor.submit(page, **form)
    assert changed.status_code == 303, text_of(changed)

    assert not await sees(app, service, token)
    assert "Backup" not in text_of(await visitor.get(PATH))


async def test_the_groups_of_the_resource_are_read_at_each_introspection(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    server = await app.create_client()
    group = await new_group(app, user)
    resource = await new_resource(
        app,
        servers=[server.client_id],
        allows_personal_tokens=True,
        policies={"personal_tokens": {"kind": "groups", "groups": [group.group_id]}},
    )
    service = Service(server, resource)
    await signed_in(visitor, user)
    token = await create(visitor, service)
    assert await sees(app, service, token)

    form = await visitor.get(f"{PATH}?resource={resource.name}")
    await leave(app, group, user)

    assert not await sees(app, service, token)
    page = await visitor.submit(form, to=PATH, name="Again", days="1", **{"scope:read": "1"})
    assert page.status_code == 400
    assert not TOKEN.search(page.text)


async def test_a_resource_that_allows_no_personal_tokens_is_refused(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    closed = await new_resource(app)
    await signed_in(visitor, user)

    page = await visitor.get(f"{PATH}?resource={service.resource.name}")
    answer = await visitor.submit(
        page, to=PATH, name="x", days="1", resource=closed.name, **{"scope:read": "1"}
    )

    assert answer.status_code == 400
    assert "You can't create access tokens for this service." in text_of(answer)
    assert not TOKEN.search(answer.text)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"days": "366"}, "Enter a number of days from 1 to 365."),
        ({"days": "0"}, "Enter a number of days from 1 to 365."),
        ({"days": "-1"}, "Enter a number of days from 1 to 365."),
        ({"days": "soon"}, "Enter a number of days from 1 to 365."),
        ({"name": " "}, "Enter a name of 1 to 100 characters."),
        ({"name": "n" * 101}, "Enter a name of 1 to 100 characters."),
        ({"scope:unknown": "1"}, "Choose at least one permission."),
        ({"scope:openid": "1"}, "Choose at least one permission."),
        ({"scope:admin": "1"}, "Choose at least one permission."),
    ],
)
async def test_a_wrong_form_is_shown_again_and_creates_nothing(
    visitor: Visitor,
    user: TestUser,
    service: Service,
    fields: dict[str, str],
    problem: str,
) -> None:
    await signed_in(visitor, user)

    page = await submit(visitor, service.resource, **fields)

    assert page.status_code == 400
    assert problem in text_of(page)
    assert not TOKEN.search(page.text)


async def test_a_revoked_token_is_inactive_at_once(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)

    await visitor.submit(await visitor.get(PATH), to=f"{PATH}/revoke")

    assert not await sees(app, service, token)
    actions = [action for action, _ in await happened(app, await id_of(app, user))]
    assert actions[-2:] == ["personal_token.created", "personal_token.revoked"]


async def test_the_audit_log_has_no_token(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    """SECURITY_BAR: secrets are never audited"""
    await signed_in(visitor, user)
    token = await create(visitor, service)

    details = dict(await happened(app, await id_of(app, user)))["personal_token.created"]

    assert details["name"] == "Backup"
    assert details["resource"] == service.resource.name
    assert token not in str(details)


async def test_a_user_cannot_revoke_the_token_of_another(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)
    (row,) = await services_of(app).oauth.personal_tokens.list_of(await stored(app, user))
    other = await stored(app, await person_with(app))

    assert not await services_of(app).oauth.personal_tokens.revoke(other, row.token_id)

    assert await sees(app, service, token)


async def test_the_last_use_is_written_at_most_once_a_minute(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)
    used = []
    for seconds in (0, 59, 1):
        app.clock.advance(seconds=seconds)
        assert await sees(app, service, token)
        (row,) = await services_of(app).oauth.personal_tokens.list_of(await stored(app, user))
        used.append(row.last_used_at)

    assert used[0] is not None
    assert used == [used[0], used[0], used[0] + timedelta(seconds=60)]


async def test_an_old_sign_in_is_repeated_first(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    app.clock.advance(seconds=FRESH_SECONDS)

    page = await visitor.follow(await visitor.get(PATH))

    assert page.url.path == "/login"


async def test_a_user_without_a_second_factor_sets_one_up_first(start_app: AppFactory) -> None:
    """Issue 17 section 4: after a fresh second factor, whatever the policy"""
    app = await start_app(second_factor="optional")
    server = await app.create_client()
    resource = await new_resource(app, servers=[server.client_id], allows_personal_tokens=True)
    async with visiting(app) as visitor:
        user = await app.register()
        await visitor.give_password(await visitor.get("/login"), user)
        fields = {**fields_in(await visitor.get("/account")), "name": "x", "days": "1"}

        page = await visitor.get(PATH)
        posted = await visitor.http.post(PATH, data={**fields, "scope:read": "1"})
        enrolment = await visitor.follow(page)
        shown = enrolment.text.partition('id="secret" dir="ltr">')[2].partition("<")[0]
        person = TestUser(user.username, user.password, "".join(shown.split()))
        after = await visitor.enroll(enrolment, app.code(person))
        token = await create(visitor, Service(server, resource))

    for answer in (page, posted):
        assert answer.headers["location"] == "/login/step-up?next=tokens"
    assert enrolment.url.path == "/login/enroll"
    assert "/login/enroll/not-now" not in enrolment.text
    assert after.url.path == PATH
    assert await sees(app, Service(server, resource), token)


async def test_the_export_lists_tokens_without_their_secret(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    await signed_in(visitor, user)
    token = await create(visitor, service)

    answer = await visitor.submit(await visitor.get("/account/data"), to="/account/data/download")

    (listed,) = answer.json()["personal_access_tokens"]
    assert listed["name"] == "Backup"
    assert listed["resource"] == service.resource.identifier
    assert token not in answer.text


async def test_the_page_is_translated(visitor: Visitor, user: TestUser) -> None:
    await signed_in(visitor, user)

    page = await visitor.http.get(PATH, headers={"accept-language": "de"})

    assert "Zugriffstokens" in text_of(page)


async def test_the_user_is_told_by_email_of_a_new_token(start_app: AppFactory) -> None:
    """SECURITY_BAR: the mail has the name of the token, and never the token"""
    async with running_mail_server() as mails:
        app = await start_app(**mails.settings)
        user = await person_with_mail(app, "zoe@example.com")
        resource = await new_resource(app, allows_personal_tokens=True)
        async with visiting(app) as visitor:
            await signed_in(visitor, user)
            token = await create(visitor, Service(await app.create_client(), resource), name="<CI>")

        mail = await mails.wait_for("An access token was created")

    assert mail["to"] == "zoe@example.com"
    assert "The access token <CI> was created in your account" in " ".join(body_in(mail).split())
    assert "&lt;CI&gt;" in html_of(mail)
    assert token not in mail.as_string()


async def test_a_user_has_fifty_tokens_at_most(
    app: Application, visitor: Visitor, user: TestUser, service: Service
) -> None:
    """Expired tokens and revoked ones do not count"""
    tokens, owner = services_of(app).oauth.personal_tokens, await stored(app, user)
    of_service: dict[str, Any] = {"resource_name": service.resource.name, "scopes": ["read"]}
    await tokens.create(owner, name="ends", days=1, **of_service)
    app.clock.advance(seconds=DAY)
    for number in range(49):
        await tokens.create(owner, name=f"{number}", days=30, **of_service)
    await signed_in(visitor, user)

    await create(visitor, service, name="the last one")
    refused = await submit(visitor, service.resource, name="one more")
    (revoked, *_) = await tokens.list_of(owner)
    assert await tokens.revoke(owner, revoked.token_id)
    await create(visitor, service, name="again")

    assert refused.status_code == 400
    assert TOO_MANY in text_of(refused)
    assert not TOKEN.search(refused.text)
    assert "one more" not in [each.name for each in await tokens.list_of(owner)]
    assert len(await tokens.list_of(owner)) == 50


@pytest.mark.both_databases
async def test_concurrent_requests_do_not_exceed_the_limit(
    app: Application, user: TestUser, service: Service
) -> None:
    tokens, owner = services_of(app).oauth.personal_tokens, await stored(app, user)

    async def make(number: int) -> str:
        return await tokens.create(
            owner,
            name=f"{number}",
            days=30,
            resource_name=service.resource.name,
            scopes=["read"],
        )

    for number in range(45):
        await make(number)
    made = await asyncio.gather(*map(make, range(10)), return_exceptions=True)

    assert sum(isinstance(each, ConflictError) for each in made) == 5
    assert len(await tokens.list_of(owner)) == 50
