"""Signing in by another provider: what is asked there, and what becomes of who comes back."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, unquote_plus

from app.models.factors.passkeys import Passkey
from app.repositories.factors.passkeys import PasskeyRepository
from tests.conftest import AppFactory
from tests.support.application import Application, TestUser
from tests.support.events import new_event
from tests.support.identity_provider import (
    SECRET,
    Provider,
    account_made_by,
    asked_in,
    csrf_in,
    linked_by,
    offered,
    sent_to,
    signed_in_by,
)
from tests.support.parts import services_of
from tests.support.peer import Peer, running_peer
from tests.support.visitor import Visitor, text_of, visiting


async def test_a_sign_in_at_a_provider_uses_state_nonce_and_pkce(
    visitor: Visitor, provider: Provider
) -> None:
    """RFC 9700 section 2.1.1"""
    asked = await sent_to(visitor, provider)
    provider.knows(asked)
    await visitor.http.get(provider.callback(asked))

    assert asked.url.startswith(f"{provider.issuer}/authorize?")
    assert asked.parameters["response_type"] == "code"
    assert asked.parameters["client_id"] == "us"
    assert asked.parameters["scope"] == "openid profile email"
    assert asked.parameters["redirect_uri"].endswith(f"{provider.button}/callback")
    assert asked.parameters["code_challenge_method"] == "S256"
    assert len(asked.state) >= 22
    (redeemed,) = [each for each in provider.peer.seen if each.target == "/token"]
    form = {name: values[0] for name, values in parse_qs(redeemed.body.decode()).items()}
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert (
        base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        == (asked.parameters["code_challenge"])
    )
    assert form["code"] == "a-code"
    assert form["redirect_uri"] == asked.parameters["redirect_uri"]
    scheme, _, pair = redeemed.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert unquote_plus(base64.b64decode(pair).decode()) == f"us:{SECRET}"


async def test_a_provider_without_a_client_secret_is_used_as_a_public_client(
    app: Application, visitor: Visitor, peer: Peer
) -> None:
    provider = await offered(app, peer, secret="")
    asked = await sent_to(visitor, provider)
    provider.knows(asked)

    page = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert "You don't have an account here yet" in page.text
    (redeemed,) = [each for each in peer.seen if each.target == "/token"]
    assert "authorization" not in redeemed.headers
    assert parse_qs(redeemed.body.decode())["client_id"] == ["us"]


async def test_a_new_external_identity_creates_an_account_without_a_password(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    name = app.new_name()
    page = await signed_in_by(
        visitor, provider, sub="1", preferred_username=name, name="Zoë", email="zoe@example.com"
    )

    home = await visitor.follow(await visitor.submit(page, to="/login/new-here"))

    assert f'value="{name}"' in page.text
    assert "zoe@example.com" in text_of(page)
    assert "Your account" in home.text
    assert "Zoë" in home.text
    user = await services_of(app).accounts.users.get(name)
    assert json.loads(user.claims) == {
        "name": "Zoë",
        "email": "zoe@example.com",
        "email_verified": False,
    }
    assert user.email_key is None


async def test_an_email_is_not_verified_because_the_provider_claims_so(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    name = await account_made_by(
        visitor, provider, sub="1", email="ceo@example.com", email_verified=True
    )

    user = await services_of(app).accounts.users.get(name)

    assert json.loads(user.claims)["email_verified"] is False
    assert user.email_key is None


async def test_a_known_external_identity_signs_the_user_in(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    name = await account_made_by(visitor, provider, sub="1")

    home = await signed_in_by(stranger, provider, sub="1")

    assert "Your account" in home.text
    assert name in home.text
    (session, _) = await services_of(app).accounts.sessions.list_of(
        (await services_of(app).accounts.users.get(name)).user_id
    )
    assert session.amr == "fed"
    assert session.acr == "urn:postern:acr:password"


async def test_an_account_without_a_password_cannot_sign_in_with_a_password(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    name = await account_made_by(visitor, provider, sub="1")

    for password in ("!", "", "!!!!!!!!"):
        page = await stranger.give_password(
            await stranger.get("/login"), TestUser(name, password, "")
        )

        assert page.status_code == 400
        assert "Your account" not in page.text


async def test_a_provider_is_only_the_first_factor_if_the_user_has_a_second_factor(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)
    await linked_by(visitor, provider, sub="1")

    page = await signed_in_by(stranger, provider, sub="1")
    before = await stranger.get("/account")
    app.clock.advance(seconds=31)
    home = await stranger.follow(await stranger.submit(page, code=app.code(user)))

    assert "Enter your security code" in page.text
    assert before.headers["location"] == "/login"
    assert "Your account" in home.text
    sessions = await services_of(app).accounts.sessions.list_of(
        (await services_of(app).accounts.users.get(user.username)).user_id
    )
    assert "fed otp mfa" in {each.amr for each in sessions}


async def test_a_passkey_is_required_as_second_factor_after_the_provider(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    name = await account_made_by(visitor, provider, sub="1")
    owner = await services_of(app).accounts.users.get(name)
    await PasskeyRepository(services_of(app).core.database).add(
        Passkey(
            passkey_id=owner.user_id,
            credential_id=owner.user_id.encode(),
            user_id=owner.user_id,
            public_key=b"a key",
            sign_count=0,
            name="Phone",
            transports="internal",
            is_synced=False,
            created_at=app.clock.now(),
            last_used_at=None,
        ),
        owner,
        at_most=5,
        event=new_event(),
    )

    page = await signed_in_by(stranger, provider, sub="1")

    assert page.url.path == "/login/otp"
    assert (await stranger.get("/account")).headers["location"] == "/login"


async def test_an_authorization_request_is_answered_after_a_sign_in_at_a_provider(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    await account_made_by(visitor, provider, sub="1")
    client = await app.create_client()
    page = await stranger.authorize(client)
    asked = asked_in(await stranger.submit(page, to=provider.button))
    provider.knows(asked, sub="1")

    consent = await stranger.follow(await stranger.http.get(provider.callback(asked)))
    answer = await stranger.allow(consent)

    assert 'action="/consent"' in consent.text
    assert answer.headers["location"].startswith("http://localhost:3000/callback?code=")


async def test_a_request_for_a_fresh_sign_in_is_passed_on_to_the_provider(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    """OpenID Connect Core section 3.1.2.1: an old sign-in elsewhere is none of now."""
    await account_made_by(visitor, provider, sub="1")
    asked = await sent_to(stranger, provider, next="connections")
    hour_ago = int(app.clock.now().timestamp()) - 3600
    provider.knows(asked, sub="1", auth_time=hour_ago)

    stale = await stranger.follow(await stranger.http.get(provider.callback(asked)))
    again = asked_in(await stranger.submit(stale, to=provider.button))
    provider.knows(again, sub="1", auth_time=int(app.clock.now().timestamp()))
    fresh = await stranger.follow(await stranger.http.get(provider.callback(again)))

    assert asked.parameters["prompt"] == "login"
    assert "Sign in to it again" in stale.text
    assert "Connected accounts" in fresh.text


async def test_several_providers_can_be_used_independently(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    async with running_peer(tls=False) as second_peer:
        second = await offered(app, second_peer)
        first_name = await account_made_by(visitor, provider, sub="the same")

        page = await stranger.get("/login")
        unknown = await signed_in_by(stranger, second, sub="the same")
        known = await signed_in_by(stranger, provider, sub="the same")

    assert f"Continue with Company {provider.name}" in page.text
    assert f"Continue with Company {second.name}" in page.text
    assert "You don't have an account here yet" in unknown.text
    assert first_name in known.text


async def test_the_registration_page_offers_identity_providers(
    visitor: Visitor, provider: Provider
) -> None:
    page = await visitor.get("/create-account")

    asked = asked_in(await visitor.submit(page, to=provider.button))

    assert asked.url.startswith(provider.issuer)


async def test_no_account_is_created_if_registration_is_closed(
    start_app: AppFactory, peer: Peer
) -> None:
    app = await start_app(registration="closed")
    provider = await offered(app, peer)
    async with visiting(app) as visitor:
        asked = await sent_to(visitor, provider)
        provider.knows(asked)
        page = await visitor.follow(await visitor.http.get(provider.callback(asked)))
        form = {"csrf_token": csrf_in(await visitor.get("/login")), "state": asked.state}
        refused = await visitor.http.post("/login/new-here", data={**form, "username": "mallory"})

    assert "Sign-up is closed. Ask your administrator for an account." in page.text
    assert 'action="/login/new-here"' not in page.text
    assert refused.status_code == 404
    assert await services_of(app).federation.identity_providers.count_linked() == {}


async def test_accounts_created_through_a_provider_count_as_registrations(
    start_app: AppFactory, peer: Peer
) -> None:
    """SECURITY_BAR row 23"""
    app = await start_app(registration_limit=1)
    provider = await offered(app, peer)
    async with visiting(app) as first, visiting(app) as second:
        await account_made_by(first, provider, sub="1")
        page = await signed_in_by(second, provider, sub="2")
        refused = await second.submit(page, to="/login/new-here", username=app.new_name())

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert await services_of(app).federation.identity_providers.count_linked() == {provider.name: 1}


async def test_a_taken_username_is_reported_beside_its_field(
    visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    page = await signed_in_by(visitor, provider, sub="1")

    taken = await visitor.submit(page, to="/login/new-here", username=user.username)
    strange = await visitor.submit(taken, to="/login/new-here", username="a b")

    assert "That username is taken. Choose another one." in text_of(taken)
    assert "no spaces or control characters" in text_of(strange)
    assert 'aria-invalid="true"' in strange.text
