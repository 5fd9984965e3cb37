"""How a client reads, changes and deletes what it registered (RFC 7592)."""

from typing import Any

import pytest

from app.models.clients.clients import clients
from app.schemas.admin_scopes import AdminScope
from app.services.clients.clients import SECRET_COLUMNS, UNCHANGED_BY_AN_UPDATE
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.protocol.registering import (
    PUBLIC_KEY,
    WEB,
    bearer,
    body_of,
    client_of,
    manage,
    path_of,
    registered,
)
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.resources import new_resource
from tests.support.visitor import REDIRECT_URI, Visitor

METHODS = ["GET", "PUT", "DELETE"]


async def test_a_client_reads_what_it_registered(app: Application) -> None:
    """Sections 2.1 and 3"""
    made = await registered(app, client_name="App")

    answer = await manage(app, "GET", made)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {name: value for name, value in made.items() if name != "client_secret"}


async def test_an_update_removes_omitted_metadata(app: Application) -> None:
    """Section 2.2"""
    made = await registered(
        app, client_name="Before", policy_uri="https://a.example/", scope="openid",
        subject_type="pairwise", **{"client_name#de": "Vorher"},
    )  # fmt: skip

    changed = await manage(
        app, "PUT", made, body_of(made, client_name="After", redirect_uris=[REDIRECT_URI, WEB])
    )

    read = (await manage(app, "GET", made)).json()
    assert changed.status_code == 200
    assert changed.headers["cache-control"] == "no-store"
    assert read == changed.json()
    assert read["client_name"] == "After"
    assert read["redirect_uris"] == [REDIRECT_URI, WEB]
    assert read["subject_type"] == "public"
    assert read["scope"] == "openid profile email address phone offline_access"
    assert not {"policy_uri", "client_name#de"} & read.keys()


async def test_an_update_preserves_client_id_secret_and_registration_token(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 2.2; SECURITY_BAR row 41: mass assignment"""
    made = await registered(app)
    tokens = await visitor.tokens_for(client_of(made), user)

    changed = await manage(
        app,
        "PUT",
        made,
        {
            **made,
            "registration_access_token": "mine",
            "registration_client_uri": "https://evil.example/",
            "client_id_issued_at": 1,
            "client_secret_expires_at": 1,
            "trust": "first_party",
            "disabled_at": None,
            "sector_identifier": "evil.example",
        },
    )

    assert changed.json() == {
        name: value for name, value in made.items() if name != "client_secret"
    }
    assert await app.is_active(client_of(made), tokens["access_token"])


@pytest.mark.parametrize("said", ["another's", "none", "longer"])
async def test_an_update_must_contain_its_own_client_id(app: Application, said: str) -> None:
    """Section 2.2: the client_id must be the client's own"""
    made, other = await registered(app), await registered(app)
    client_id = {
        "another's": other["client_id"],
        "none": None,
        "longer": made["client_id"] + "x",
    }[said]

    answer = await manage(app, "PUT", made, body_of(made, client_id=client_id, client_name="New"))

    assert_oauth_error(answer, "invalid_client_metadata")
    for each in (made, other):
        assert "client_name" not in (await manage(app, "GET", each)).json()


@pytest.mark.parametrize("secret", ["chosen", " ", "\ud800"])
async def test_an_update_cannot_choose_the_client_secret(app: Application, secret: str) -> None:
    """Section 2.2: a client_secret must be the one that was issued; SECURITY_BAR row 41"""
    made = await registered(app)
    body = ascii(body_of(made, client_secret=secret)).replace("'", '"')

    answer = await app.http.put(
        path_of(made),
        content=body,
        headers={
            **bearer(made["registration_access_token"]),
            "content-type": "application/json",
        },
    )

    assert_oauth_error(answer, "invalid_client_metadata")


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("redirect_uris", ["javascript:alert(1)"], "invalid_redirect_uri"),
        ("redirect_uris", None, "invalid_redirect_uri"),
        ("logo_uri", "javascript:alert(1)", "invalid_client_metadata"),
        ("jwks", {"keys": [{**PUBLIC_KEY, "d": "private"}]}, "invalid_client_metadata"),
        ("grant_types", ["client_credentials"], "invalid_client_metadata"),
        ("grant_types", ["password"], "invalid_client_metadata"),
        ("client_name", "a\u0000b", "invalid_client_metadata"),
    ],
)
async def test_an_update_must_follow_the_rules_of_registration(
    app: Application, member: str, value: Any, error: str
) -> None:
    """Section 2.2; SECURITY_BAR rows 41 and 42"""
    made = await registered(app, client_name="Before")

    answer = await manage(app, "PUT", made, body_of(made, **{member: value}))

    assert_oauth_error(answer, error)
    assert (await manage(app, "GET", made)).json()["client_name"] == "Before"


async def test_an_update_of_a_megabyte_is_refused(app: Application) -> None:
    """SECURITY_BAR row 42"""
    made = await registered(app)

    answer = await manage(app, "PUT", made, body_of(made, contacts=["x" * 100] * 10_000))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"


async def test_a_client_may_switch_from_a_secret_to_keys_and_back(app: Application) -> None:
    """RFC 7592 section 2.2: the answer has the secret that is in force from now on"""
    made = await registered(app)
    keys = {"jwks": {"keys": [PUBLIC_KEY]}, "token_endpoint_auth_method": "private_key_jwt"}

    with_keys = (await manage(app, "PUT", made, body_of(made, **keys))).json()
    refused = await app.http.post("/introspect", data={"token": "x"}, auth=client_of(made).auth)
    back = (await manage(app, "PUT", made, body_of(made))).json()
    first = await app.http.post("/introspect", data={"token": "x"}, auth=client_of(made).auth)
    second = await app.http.post("/introspect", data={"token": "x"}, auth=client_of(back).auth)

    assert not {"client_secret", "client_secret_expires_at"} & with_keys.keys()
    assert_oauth_error(refused, "invalid_client", status=401)
    assert back["client_secret"] != made["client_secret"]
    assert_oauth_error(first, "invalid_client", status=401)
    assert second.status_code == 200


async def test_a_new_redirect_uri_replaces_the_old_one_immediately(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 26"""
    made = await registered(app, redirect_uris=[WEB])
    await manage(app, "PUT", made, body_of(made))

    old = await visitor.authorize(client_of(made), redirect_uri=WEB)
    new = await visitor.tokens_for(client_of(made), user)

    assert old.status_code == 400
    assert "id_token" in new


async def test_changing_a_redirect_uri_resets_the_trust_of_a_client(
    app: Application, operator: Services
) -> None:
    """An administrator's word ends when the client becomes another; its keys may change"""
    made = await registered(app, client_name="App")
    await operator.clients.administration.set_trust(
        made["client_id"], "first_party", authority=FULL
    )
    same = body_of(made, client_name="App", contacts=["ops@example.com"])

    await manage(app, "PUT", made, {**same, "jwks": {"keys": [PUBLIC_KEY]}})
    before = (await operator.clients.clients.get(made["client_id"])).trust
    await manage(app, "PUT", made, {**same, "redirect_uris": [REDIRECT_URI, WEB]})
    after = (await operator.clients.clients.get(made["client_id"])).trust

    assert [before, after] == ["first_party", "none"]


async def test_an_update_keeps_the_default_resource(app: Application, operator: Services) -> None:
    """SECURITY_BAR row 41: its tokens would have no audience, which opens our own endpoints"""
    made, resource = await registered(app, client_name="App"), await new_resource(app)
    await operator.oauth.default_resources.set(made["client_id"], resource.name, authority=FULL)

    changed = await manage(app, "PUT", made, body_of(made, client_name="Renamed"))

    after = await operator.clients.clients.get(made["client_id"])
    assert changed.status_code == 200, changed.text
    assert (after.client_name, after.default_resource) == ("Renamed", resource.name)


def test_an_update_decides_about_each_column() -> None:
    """SECURITY_BAR row 41: a new column must not be cleared by the client itself"""
    stated = {
        "client_name", "unique_name", "token_endpoint_auth_method", "grant_types",
        "response_types", "scope", "redirect_uris", "metadata", "sector_identifier",
    }  # fmt: skip
    end_with_what_was_reviewed = {"trust", "admin_scopes", "admin_scopes_since"}
    decided = {*stated, *end_with_what_was_reviewed, "secret_digest", *SECRET_COLUMNS}

    assert decided.isdisjoint(UNCHANGED_BY_AN_UPDATE)
    assert {*clients.c.keys()} == {*decided, *UNCHANGED_BY_AN_UPDATE}


@pytest.mark.parametrize(
    "keys", [{"jwks": {"keys": [PUBLIC_KEY]}}, {"jwks_uri": "https://keys.example.com/jwks"}]
)
async def test_admin_scopes_end_when_a_client_changes_its_keys(
    app: Application, operator: Services, keys: dict[str, Any]
) -> None:
    """The holder of a registration access token must not become an administrator."""
    parts, made = operator.clients, await registered(app, client_name="App")
    client_id, same = made["client_id"], body_of(made, client_name="App")
    await parts.administration.set_admin_scopes(client_id, [AdminScope.USERS_READ], authority=FULL)

    unchanged = await manage(app, "PUT", made, {**same, "contacts": ["ops@example.com"]})
    before = (await parts.clients.get(client_id)).admin_scopes
    changed = await manage(app, "PUT", made, {**same, **keys})
    after = (await parts.clients.get(client_id)).admin_scopes

    assert (unchanged.status_code, changed.status_code) == (200, 200), changed.text
    assert [before, after] == ["users:read", ""]


@pytest.mark.parametrize("method", METHODS)
async def test_a_disabled_client_cannot_manage_itself(
    app: Application, operator: Services, method: str
) -> None:
    made = await registered(app)
    await operator.clients.administration.set_disabled(
        made["client_id"], disabled=True, authority=FULL
    )

    answer = await manage(app, method, made, body_of(made))

    assert_oauth_error(answer, "invalid_token", status=401)
