"""What a look-up selects is what its value class holds, and comes back as it was stored."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Label, Select, select

from app.database.database import Database
from app.models.accounts.one_time_links import OneTimeLink, one_time_links
from app.models.accounts.sessions import Session, sessions
from app.models.accounts.users import User, users
from app.models.clients.clients import Client, clients
from app.models.clients.consents import Consent, consents
from app.models.factors.passkeys import Passkey, passkeys
from app.models.federation.identity_providers import (
    IdentityProvider,
    LinkedIdentity,
    upstream_identities,
    upstream_providers,
)
from app.models.oauth.access_tokens import AccessToken
from app.models.oauth.authorization_codes import AuthorizationCode
from app.models.oauth.authorization_requests import StoredRequest, authorization_requests
from app.models.oauth.device_codes import DeviceCode
from app.models.oauth.logout_notices import LogoutNotice, logout_notices
from app.models.oauth.refresh_tokens import RefreshToken
from app.models.oauth.signing_keys import SigningKey, signing_keys
from app.models.oauth.used_refresh_tokens import UsedRefreshToken
from app.models.operations.audit_checkpoints import AuditCheckpoint, audit_checkpoints
from app.models.operations.audit_deletions import AuditDeletion, audit_deletions
from app.models.operations.audit_events import AuditEvent, audit_events
from app.models.operations.mails import StoredMail, mails
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth import access_tokens as access_token_queries
from app.repositories.oauth import authorization_codes as authorization_code_queries
from app.repositories.oauth import device_codes as device_code_queries
from app.repositories.oauth import exchanged_tokens as exchanged_token_queries
from app.repositories.oauth import refresh_tokens as refresh_token_queries
from app.repositories.oauth import token_families as token_family_queries
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.exchanged_tokens import SubjectFamily
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import SignIn
from app.security.tokens import digest_of
from tests.repositories.conftest import NOW, new_client, new_user
from tests.support.application import Application, TestClient, TestUser
from tests.support.events import new_event
from tests.support.parts import services_of

# Where a column's own name would be ambiguous, the field says whose it is.
OTHER_NAMES = {
    ("token_families", "expires_at"): "family_expires_at",
    ("successor", "used_at"): "successor_used_at",
}


def field_names(value_class: Any) -> list[str]:
    """Of a named tuple or of a dataclass."""
    if hasattr(value_class, "_fields"):
        return list(value_class._fields)
    return list(value_class.__dataclass_fields__)


def selected_names(statement: Select[Any]) -> list[str]:
    columns: list[Any] = list(statement.selected_columns)
    return [
        column.name
        if isinstance(column, Label)
        else OTHER_NAMES.get((column.table.name, column.name), column.name)
        for column in columns
    ]


OF_TABLES = {
    AuditCheckpoint: audit_checkpoints,
    AuditDeletion: audit_deletions,
    AuditEvent: audit_events,
    Client: clients,
    Consent: consents,
    IdentityProvider: upstream_providers,
    LinkedIdentity: upstream_identities,
    LogoutNotice: logout_notices,
    OneTimeLink: one_time_links,
    Passkey: passkeys,
    Session: sessions,
    SigningKey: signing_keys,
    StoredMail: mails,
    StoredRequest: authorization_requests,
    User: users,
}

OF_LOOKUPS = {
    AccessToken: access_token_queries.LIVING,
    AuthorizationCode: select(*authorization_code_queries.COLUMNS),
    DeviceCode: select(*device_code_queries.COLUMNS),
    RefreshToken: refresh_token_queries.LIVING,
    SignIn: token_family_queries.SIGN_IN,
    SubjectFamily: exchanged_token_queries.SIGN_IN,
    UsedRefreshToken: refresh_token_queries.USED,
}


@pytest.mark.parametrize("value_class", OF_TABLES, ids=lambda each: each.__name__)
def test_the_fields_of_a_value_match_the_columns_of_its_table_in_order(value_class: Any) -> None:
    columns = OF_TABLES[value_class].columns

    assert field_names(value_class) == [column.name for column in columns]


@pytest.mark.parametrize("value_class", OF_LOOKUPS, ids=lambda each: each.__name__)
def test_the_fields_of_a_value_match_the_columns_of_its_lookup_in_order(value_class: Any) -> None:
    assert field_names(value_class) == selected_names(OF_LOOKUPS[value_class])


async def test_a_client_is_read_back_unchanged(database: Database) -> None:
    repository = ClientRepository(database)
    stored = new_client()
    await repository.add(stored, event=new_event())

    found = await repository.find(stored.client_id, now=NOW)
    listed = await repository.list_page()

    assert found == stored
    assert listed == [stored]


async def test_a_client_without_optional_values_is_read_back_unchanged(
    database: Database,
) -> None:
    repository = ClientRepository(database)
    optional = {column.name: None for column in clients.columns if column.nullable}
    stored = new_client(**optional)
    await repository.add(stored, event=new_event())

    assert await repository.find(stored.client_id, now=NOW) == stored


async def test_a_user_is_read_back_unchanged(database: Database) -> None:
    repository = UserRepository(database)
    stored = new_user()
    bare = new_user(**{column.name: None for column in users.columns if column.nullable})
    await repository.add(stored, is_full=True, event=new_event())
    await repository.add(bare, is_full=True, event=new_event())

    assert await repository.find_by_key(stored.username_key) == stored
    assert await repository.find_by_key(bare.username_key) == bare


async def test_an_access_token_is_read_back_with_the_data_of_its_user(
    app: Application, client: TestClient, user: TestUser
) -> None:
    issued_at = app.clock.now()
    token = (await app.password_grant(client, user, scope="profile")).json()["access_token"]
    tokens = AccessTokenRepository(services_of(app).core.database)

    found = await tokens.find_valid(digest_of(token), now=issued_at)

    assert found is not None
    assert found.client_id == client.client_id
    assert found.scope == "profile"
    assert found.issued_at == issued_at
    assert found.expires_at == issued_at + timedelta(hours=1)
    assert found.username == user.username
    assert found.otp_confirmed_at == issued_at


async def test_a_refresh_token_is_read_back_with_the_data_of_its_family_and_user(
    app: Application, client: TestClient, user: TestUser
) -> None:
    first_at = app.clock.now()
    first = (await app.password_grant(client, user, scope="profile")).json()["refresh_token"]
    app.clock.advance(seconds=60)
    second = (await app.refresh(client, first)).json()["refresh_token"]
    tokens = RefreshTokenRepository(services_of(app).core.database)

    used, fresh = (
        await tokens.find_in_active_family(digest_of(first)),
        await tokens.find_in_active_family(digest_of(second)),
    )

    assert used is not None
    assert fresh is not None
    assert used.family_id == fresh.family_id
    assert used.issued_at == first_at
    assert used.used_at == fresh.issued_at == app.clock.now()
    assert used.family_expires_at == fresh.family_expires_at == first_at + timedelta(days=90)
    assert used.successor_digest == digest_of(second)
    assert used.successor_used_at is fresh.used_at is None
    assert fresh.username == user.username
    assert fresh.client_id == client.client_id
    assert fresh.scope == "profile"


@pytest.mark.parametrize("value", [new_client(), new_user()], ids=["client", "user"])
def test_row_values_are_immutable(value: Any) -> None:
    with pytest.raises(AttributeError):
        value.disabled_at = NOW
