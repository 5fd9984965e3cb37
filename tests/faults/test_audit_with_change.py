"""An event that cannot be written undoes its change: after a 503 nothing has happened."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.schemas.claims import StandardClaims
from app.security.tokens import new_identifier
from app.services.accounts.events import AccountEvent
from app.services.federation.identity_provider_rules import ExternalIdentity
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.conftest import AppFactory
from tests.faults import administrative_acts
from tests.faults.administrative_acts import Administered
from tests.support.administration import (
    add_provider,
    create_password_link,
    reset_otp,
    reset_password,
    rotate_secret,
    set_claims_of,
    set_user_disabled,
)
from tests.support.application import Application
from tests.support.assertions import assert_problem
from tests.support.broken_outbox import content_of, events_refused
from tests.support.locks import audit_head_locked
from tests.support.machine import scaled
from tests.support.parts import services_of

BODY = {"username": "zoe", "password": "correct horse battery"}
ISSUED = (b"1" * 32, b"2" * 32)
"""Digests of access tokens of the client."""
PROVIDER = {"label": "P", "issuer": "https://p.example", "client_id": "c", "secret": "s"}


class Scene:
    """What an act is done to."""

    def __init__(
        self,
        services: Services,
        user: User,
        client: Client,
        session: Session,
        administered: Administered,
    ) -> None:
        self.services = services
        self.user = user
        self.client = client
        self.session = session
        self.administered = administered


Act = Callable[[Scene], Awaitable[Any]]
ACTS: dict[str, Act] = {
    "session.ended": lambda the: the.services.oauth.logout.end(
        the.session.session_id,
        event=the.services.core.audit.event(AccountEvent.SESSION_ENDED, user_id=the.user.user_id),
    ),
    "user.claims_changed": lambda the: set_claims_of(
        the.services, the.user.username, StandardClaims(name="Zoe")
    ),
    "otp.reset": lambda the: reset_otp(the.services, the.user.username),
    "password.reset": lambda the: reset_password(
        the.services, the.user.username, "another good password"
    ),
    "password.changed": lambda the: the.services.accounts.users.change_password(
        the.user, "another good password", session=the.session
    ),
    "user.disabled": lambda the: set_user_disabled(the.services, the.user.username, disabled=True),
    "user.enabled": lambda the: set_user_disabled(the.services, the.user.username, disabled=False),
    "user.deleted": lambda the: the.services.accounts.account_data.delete(the.user, is_full=True),
    "recovery_codes.made": lambda the: the.services.factors.recovery_codes.make(the.user),
    "consent.granted": lambda the: the.services.clients.consents.grant(
        the.user,
        the.client,
        frozenset({"openid", "email"}),
        resources=GrantedResources(),
        detail_types=(),
    ),
    "consent.revoked": lambda the: the.services.clients.consents.revoke(
        the.user, the.client.client_id
    ),
    "browser.remembered": lambda the: the.services.factors.trusted_browsers.remember(
        the.user, (), user_agent="a browser"
    ),
    "browsers.forgotten": lambda the: the.services.factors.trusted_browsers.forget_all(the.user),
    "password.reset_link_made": lambda the: create_password_link(the.services, the.user.username),
    "sessions.ended": lambda the: the.services.accounts.sessions.end_all(
        the.user.user_id,
        is_full=True,
        event_of=lambda _: the.services.core.audit.event(AccountEvent.SESSIONS_ENDED),
    ),
    "sign_in.succeeded": lambda the: the.services.accounts.sessions.begin(
        the.user,
        amr=["pwd"],
        user_agent="",
        address="",
        event=the.services.core.audit.event(AccountEvent.SIGN_IN_SUCCEEDED),
    ),
    "client.secret_rotated": lambda the: rotate_secret(the.services, the.client.client_id),
    "client.trusted": lambda the: the.services.clients.administration.set_trust(
        the.client.client_id, "verified", authority=FULL
    ),
    "client.token_revoked": lambda the: the.services.clients.client_tokens.revoke(
        the.client.client_id, ISSUED[0].hex(), authority=FULL
    ),
    "client.tokens_revoked": lambda the: the.services.clients.client_tokens.revoke_all(
        the.client.client_id, authority=FULL
    ),
    "client.disabled": lambda the: the.services.clients.administration.set_disabled(
        the.client.client_id, disabled=True, authority=FULL
    ),
    "client.deleted": lambda the: the.services.clients.clients.delete(the.client),
    "client.invited": lambda the: the.services.clients.initial_access_tokens.create(
        "a label", lasts=timedelta(days=1), **administrative_acts.ADMIN
    ),
    "keys.rotated": lambda the: the.services.oauth.signing_keys.rotate(authority=FULL),
    "provider.added": lambda the: add_provider(
        the.services, "other", **{**PROVIDER, "issuer": "https://other.example"}
    ),
    "provider.disabled": lambda the: the.services.federation.administration.set_disabled(
        "known", disabled=True, authority=FULL
    ),
    "provider.removed": lambda the: the.services.federation.administration.remove(
        "known", authority=FULL
    ),
    "upstream.linked": lambda the: the.services.federation.identity_providers.link(
        the.user, elsewhere("new"), label="P"
    ),
    "upstream.unlinked": lambda the: the.services.federation.identity_providers.unlink(
        the.user, PROVIDER["issuer"], "linked", except_session=the.session
    ),
    "upstream.account_created": lambda the: (
        the.services.federation.identity_providers.create_account(
            f"user-{new_identifier()[:8]}", elsewhere("newest")
        )
    ),
    **administrative_acts.ACTS,
}


LAST = ("client.deleted", "provider.removed", "user.deleted")
"""After these, others have nothing to be done to."""


def elsewhere(subject: str) -> ExternalIdentity:
    return ExternalIdentity(provider="known", issuer=PROVIDER["issuer"], subject=subject, label="")


async def scene_of(app: Application) -> Scene:
    """A user with a session, a consent, a remembered browser and a linked identity."""
    services = services_of(app)
    user = await services.accounts.users.get((await app.enrolled_user()).username)
    client = await services.clients.clients.get((await app.create_client()).client_id)
    begun = await services.accounts.sessions.begin(
        user,
        amr=["pwd"],
        user_agent="",
        address="",
        event=services.core.audit.event(AccountEvent.SIGN_IN_SUCCEEDED, user_id=user.user_id),
    )
    assert begun is not None
    administered = await administrative_acts.prepared(services, user.user_id, client.client_id)
    scene = Scene(services, user, client, begun[1], administered)
    await add_provider(services, "known", **PROVIDER)
    await services.federation.identity_providers.link(user, elsewhere("linked"), label="P")
    for act in ("consent.granted", "browser.remembered", "recovery_codes.made"):
        await ACTS[act](scene)
    await services.oauth.signing_keys.ensure()
    for digest in ISSUED:
        await AccessTokenRepository(services.core.database).store_for_client(
            digest,
            client_id=client.client_id,
            scope="",
            issued_at=app.clock.now(),
            expires_at=app.clock.now() + timedelta(hours=1),
            audience=None,
            confirmation=None,
            authorization_details=None,
            use=None,
        )
    return scene


@pytest.mark.slow
async def test_an_action_whose_event_cannot_be_stored_changes_nothing(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    scene = await scene_of(app)
    before = await content_of(app)
    changed: dict[str, list[str]] = {}
    done: list[str] = []

    async with events_refused(app):
        for action, act in ACTS.items():
            try:
                await act(scene)
            except Exception:  # noqa: BLE001 - what the trigger raises differs
                pass
            else:
                done.append(action)
            after = await content_of(app)
            if after != before:
                changed[action] = [name for name in before if before[name] != after[name]]
                before = after

    assert changed == {}
    assert done == []


@pytest.mark.slow
async def test_each_tested_action_records_its_event(start_app: AppFactory) -> None:
    """The acts above are those that they say they are."""
    app = await start_app()
    scene = await scene_of(app)
    before = {each.sequence async for each in services_of(app).core.audit.read_all()}
    for action in sorted(ACTS, key=lambda each: each in LAST and LAST.index(each) + 1):
        scene.user = await services_of(app).accounts.users.get(scene.user.username)
        await ACTS[action](scene)

    events = [each async for each in services_of(app).core.audit.read_all()]

    assert {each.action for each in events if each.sequence not in before} == set(ACTS)


@pytest.mark.timing
async def test_a_registration_does_not_wait_for_a_locked_audit_chain(
    start_app: AppFactory, database_kind: str
) -> None:
    """On SQLite the whole file is locked: then 503, and nothing has happened."""
    app = await start_app(database_timeout=scaled(2), sqlite_busy_timeout=scaled(0.5))
    async with audit_head_locked(app.settings.database_url):
        first = await app.http.post("/register_user", json=BODY)
    again = await app.http.post("/register_user", json=BODY)

    if database_kind == "postgresql":
        assert first.status_code == 201
        assert "secret=" in first.json()["otp_uri"]
        assert_problem(again, 409, "username_taken")
    else:
        assert_problem(first, 503, "temporarily_unavailable")
        assert again.status_code == 201
    events = [each.action async for each in services_of(app).core.audit.read_all()]
    assert events == ["user.registered"]


async def test_a_registration_whose_event_cannot_be_stored_can_be_repeated(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    async with events_refused(app):
        refused = await app.http.post("/register_user", json=BODY)
    again = await app.http.post("/register_user", json=BODY)

    assert refused.status_code >= 500
    assert again.status_code == 201


async def test_the_first_code_is_not_consumed_if_its_event_cannot_be_stored(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    user = await app.register()
    async with events_refused(app):
        refused = await app.verify_otp(user.username, app.code(user))
    again = await app.verify_otp(user.username, app.code(user))

    assert refused.status_code >= 500
    assert again.json() == {"valid": True}
