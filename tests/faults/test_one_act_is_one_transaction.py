"""A fault in the middle of an act leaves nothing half-written."""

import json
from collections.abc import Awaitable
from typing import Any

import pytest

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.factors.passkeys import Passkey
from app.services.federation.identity_provider_rules import ExternalIdentity
from app.wiring import Services
from tests.conftest import AppFactory
from tests.protocol.devices import question, start_device
from tests.support.administration import add_provider
from tests.support.application import Application, TestUser
from tests.support.broken_outbox import content_of, writes_refused
from tests.support.events import new_event
from tests.support.parts import services_of
from tests.support.visitor import Visitor

NO_MAIL_SERVER = {"smtp_host": "127.0.0.1", "smtp_port": 1, "mail_from": "server@example.com"}
ADDRESS = "zoe@example.com"


async def start(start_app: AppFactory) -> Application:
    return await start_app(**NO_MAIL_SERVER)


async def user_with_address(app: Application) -> User:
    services = services_of(app)
    user = await services.accounts.users.get((await app.enrolled_user()).username)
    claims = json.dumps({"email": ADDRESS, "email_verified": True})
    await services.accounts.users._user_repository.replace_claims(
        user, claims, is_full=True, now=app.clock.now(), event=new_event()
    )
    return await services.accounts.users.get(user.username)


async def session_of(services: Services, user: User) -> Session:
    begun = await services.accounts.sessions.begin(
        user, amr=["pwd"], user_agent="", address="", event=new_event()
    )
    assert begun is not None
    return begun[1]


async def everything(app: Application) -> tuple[dict[str, list[str]], list[str]]:
    """What the tables hold, and which events there are."""
    content = await content_of(app)
    return content, [each.action async for each in services_of(app).core.audit.read_all()]


async def changes_nothing(
    app: Application, act: Awaitable[Any], table: str, change: str = "INSERT"
) -> None:
    before = await everything(app)

    async with writes_refused(app, table, change):
        with pytest.raises(Exception, match=r".*"):
            await act

    assert await everything(app) == before


async def test_no_link_is_stored_if_its_mail_cannot_be_stored(start_app: AppFactory) -> None:
    app = await start(start_app)
    user, services = await user_with_address(app), services_of(app)

    await changes_nothing(
        app, services.accounts.password_reset.request(user.username, language="en"), "mails"
    )
    await changes_nothing(
        app,
        services.accounts.email_verification.send_link(user, "new@example.com", language="en"),
        "mails",
    )


async def test_no_link_to_allow_a_network_is_stored_if_its_mail_cannot_be_stored(
    start_app: AppFactory,
) -> None:
    app = await start(start_app)
    user, networks = await user_with_address(app), services_of(app).accounts.known_networks
    assert networks._outbox is not None

    await changes_nothing(app, networks._notify(networks._outbox, user, "account"), "mails")


async def test_no_device_is_approved_if_its_consent_cannot_be_stored(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8628 section 3.3"""
    device = await start_device(app)
    page = await question(visitor, device, user)

    async with writes_refused(app, "consents"):
        refused = await visitor.submit(page, to="/device/decision", decision="allow")
    waiting = await device.ask()
    app.clock.advance(seconds=10)
    allowed = await visitor.submit(page, to="/device/decision", decision="allow")
    app.clock.advance(seconds=10)

    assert refused.status_code >= 500
    assert waiting.json()["error"] == "authorization_pending"
    assert allowed.status_code == 200
    assert (await device.ask()).status_code == 200


async def test_no_passkey_is_removed_if_its_sessions_cannot_be_ended(app: Application) -> None:
    services = services_of(app)
    user = await services.accounts.users.get((await app.enrolled_user()).username)
    session = await session_of(services, user)
    await services.factors.passkeys._passkey_repository.add(
        passkey_of(user), user, at_most=1, event=new_event()
    )

    removal = services.factors.passkeys.remove(
        user, "first", except_session=session, keeps_factor=False, is_full=True
    )
    await changes_nothing(app, removal, "users", "UPDATE")


async def test_no_identity_is_unlinked_if_its_sessions_cannot_be_ended(app: Application) -> None:
    services = services_of(app)
    user = await services.accounts.users.get((await app.enrolled_user()).username)
    session = await session_of(services, user)
    provider = {"label": "P", "issuer": "https://p.example", "client_id": "c", "secret": "s"}
    await add_provider(services, "p", **provider)
    identity = ExternalIdentity(provider="p", issuer=provider["issuer"], subject="zoe", label="")
    await services.federation.identity_providers.link(user, identity, label="P")

    removal = services.federation.identity_providers.unlink(
        user, provider["issuer"], "zoe", except_session=session
    )
    await changes_nothing(app, removal, "users", "UPDATE")


def passkey_of(user: User) -> Passkey:
    return Passkey(
        passkey_id="first",
        user_id=user.user_id,
        credential_id=b"credential",
        public_key=b"key",
        sign_count=0,
        transports="",
        name="A passkey",
        is_synced=False,
        created_at=user.created_at,
        last_used_at=None,
    )
