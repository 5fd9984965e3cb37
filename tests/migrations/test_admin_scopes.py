"""Scopes of the admin API in registrations and tokens of before the upgrade open nothing."""

from datetime import UTC, datetime, timedelta

from app.database import migrations
from app.database.backends import Backend
from app.security.tokens import TokenKind, digest_of, new_token
from tests.migrations.conftest import change, rows_of
from tests.support.admin_api import AdminApi
from tests.support.application import TestClient, running_application

BEFORE = "2026_11_29_groups"
"""The last revision without a list of admin scopes."""
SCOPE = "openid admin users:write groups:read"
CLIENT = """
    INSERT INTO clients (client_id, client_name, secret_digest, grant_types, response_types, scope,
        redirect_uris, metadata, created_at, trust)
    VALUES ('older', 'An app', {digest}, 'client_credentials', '', '{scope}', '', '{{}}', '{at}',
        'none')
"""
TOKEN = """
    INSERT INTO access_tokens (digest, client_id, scope, issued_at, expires_at)
    VALUES ({digest}, 'older', '{scope}', '{at}', '{until}')
"""


async def test_a_client_and_a_token_of_before_the_upgrade_open_nothing(
    backend: Backend, empty_url: str
) -> None:
    """SECURITY_BAR row 59; the registration stays as it is"""
    now = datetime.now(UTC)
    at, until = (f"{each:%Y-%m-%d %H:%M:%S.%f}+00:00" for each in (now, now + timedelta(hours=1)))
    client = TestClient("older", new_token(TokenKind.CLIENT_SECRET))
    token = new_token(TokenKind.ACCESS_TOKEN)

    def digest(secret: str) -> str:
        text = digest_of(secret).hex()
        return f"x'{text}'" if backend.name == "sqlite" else f"'\\x{text}'"

    await migrations.migrate(backend, BEFORE)
    stated = {"scope": SCOPE, "at": at, "until": until}
    await change(backend, CLIENT.format(digest=digest(client.client_secret), **stated))
    await change(backend, TOKEN.format(digest=digest(token), **stated))
    await migrations.migrate(backend)

    async with running_application(empty_url) as app:
        introspected = await app.introspect(client, token)
        new = (await app.client_credentials(client, scope=SCOPE)).json()
        answers = [
            await AdminApi(app, each).request(method, "/groups", json={"name": "taken"})
            for each in (token, new["access_token"])
            for method in ("GET", "POST")
        ]

    assert introspected["scope"] == SCOPE
    assert set(new["scope"].split()) >= {"admin", "users:write", "groups:read"}
    assert [each.status_code for each in answers] == [403] * 4
    assert await rows_of(backend, "SELECT scope, admin_scopes FROM clients") == [(SCOPE, "")]
