"""Trusting an issuer lets others act: an administrator gives no more than they hold."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.errors import (
    ConflictError,
    FullAdministratorRequiredError,
    InvalidInputError,
    StaleVersionError,
)
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import FULL, authority_of
from tests.conftest import AppFactory
from tests.support.administration import id_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import signing_key
from tests.support.parts import services_of
from tests.support.trusted_issuers import issuer_body, workload_client

pytestmark = pytest.mark.both_databases
LIMITED = authority_of([AdminScope.ISSUERS_WRITE])


async def test_issuers_write_alone_cannot_reach_admin_scopes_or_users(
    app: Application, client: TestClient, user: TestUser
) -> None:
    services, audience = services_of(app), app.settings.issuer_url
    powerful = await workload_client(app)
    await services.clients.administration.set_admin_scopes(
        powerful.client_id, [AdminScope.USERS_READ], authority=FULL
    )

    for values in (
        {"client_id": powerful.client_id},
        {"client_id": client.client_id, "scopes": ["users:read"]},
        {"user_id": await id_of(app, user), "presenters": [client.client_id]},
    ):
        body = issuer_body(app.new_name(), audience=audience, **values)
        with pytest.raises(FullAdministratorRequiredError):
            await services.oauth.trusted_issuers.create(body, authority=LIMITED)
    body = issuer_body(app.new_name(), audience=audience, client_id=client.client_id)
    row = await services.oauth.trusted_issuers.create(body, authority=LIMITED)
    with pytest.raises(ConflictError):
        await services.oauth.trusted_issuers.create(body, authority=LIMITED)
    with pytest.raises(StaleVersionError):
        await services.oauth.trusted_issuers.delete(row.name, version=2, authority=LIMITED)
    await services.oauth.trusted_issuers.delete(row.name, version=1, authority=LIMITED)


async def test_a_row_of_a_user_is_deleted_by_a_full_administrator(
    app: Application, client: TestClient, user: TestUser
) -> None:
    issuers = services_of(app).oauth.trusted_issuers
    row = await issuers.create(
        issuer_body(
            app.new_name(),
            audience=app.settings.issuer_url,
            user_id=await id_of(app, user),
            presenters=[client.client_id],
        ),
        authority=FULL,
    )

    with pytest.raises(FullAdministratorRequiredError):
        await issuers.delete(row.name, authority=LIMITED)


async def test_our_own_issuer_and_foreign_audiences_are_refused(start_app: AppFactory) -> None:
    """SECURITY_BAR row 36: an ID token of ours is no assertion"""
    app = await start_app(issuer="https://id.example")
    issuers = services_of(app).oauth.trusted_issuers

    cases: dict[str, dict[str, Any]] = {
        "issuer": {"issuer": "https://id.example"},
        "audience": {"audience": "https://id.example.evil.example"},
    }
    for field, values in cases.items():
        body = issuer_body("i", **{"audience": "https://id.example/token", **values})
        with pytest.raises(InvalidInputError) as refused:
            await issuers.create(body, authority=FULL)
        assert refused.value.field == field


async def test_what_does_not_exist_and_admin_scopes_of_a_user_are_refused(
    app: Application, client: TestClient, user: TestUser
) -> None:
    issuers, ours = services_of(app).oauth.trusted_issuers, app.settings.issuer_url
    of_user = {"user_id": await id_of(app, user), "presenters": [client.client_id]}

    cases: dict[str, dict[str, Any]] = {
        "scopes": {**of_user, "scopes": ["admin"]},
        "user_id": {**of_user, "user_id": "0" * 32},
        "presenters": {**of_user, "presenters": ["nobody"]},
        "resources": {"client_id": client.client_id, "resources": ["nothing"]},
    }
    for field, values in cases.items():
        with pytest.raises(InvalidInputError) as refused:
            await issuers.create(
                issuer_body(app.new_name(), audience=ours, **values), authority=FULL
            )
        assert refused.value.field == field


@pytest.mark.parametrize(
    "values",
    [
        {"jwks": {"keys": [signing_key().private]}},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": None},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"subjects": []},
        {"issuer": "http://insecure.example"},
        {"presenters": ["d"]},
        {"user_id": "u"},
        {"maximum_age": 86_401},
    ],
    ids=lambda values: str(values)[:40],
)
def test_a_row_that_trusts_too_much_is_refused(values: dict[str, Any]) -> None:
    """SECURITY_BAR row 35: private and symmetric keys, none, HS256"""
    with pytest.raises(ValidationError):
        issuer_body("i", **{"client_id": "c", **values})
