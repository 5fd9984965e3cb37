"""Linking another provider to an account one has: only by its owner, in his own session."""

import asyncio
import json

import pytest

from tests.conftest import AppFactory
from tests.support.administration import disable_provider
from tests.support.application import Application, TestUser
from tests.support.events import new_event
from tests.support.identity_provider import (
    Provider,
    account_made_by,
    fields_in,
    linked_by,
    linking,
    offered,
    sent_to,
    signed_in_by,
)
from tests.support.parts import services_of
from tests.support.peer import Peer, running_peer
from tests.support.visitor import Visitor, text_of, visiting

pytestmark = pytest.mark.both_databases

CANNOT_GO_ON = "This sign-in can't continue"


async def signed_in(visitor: Visitor, user: TestUser) -> Visitor:
    await visitor.sign_in(await visitor.get("/login"), user)
    return visitor


async def linked_to(app: Application, name: str) -> list[str]:
    """At which providers somebody is linked."""
    services = services_of(app)
    return [
        each.provider
        for each in await services.federation.identity_providers.list_of(
            await services.accounts.users.get(name)
        )
    ]


@pytest.mark.slow
async def test_a_user_links_a_provider_and_signs_in_with_it(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    await signed_in(visitor, user)

    done = await linked_by(visitor, provider, sub="1")
    home = await visitor.get("/account")
    second_factor = await signed_in_by(stranger, provider, sub="1")

    assert "Account connected. You can now sign in with it." in text_of(done)
    assert f"Disconnect Company {provider.name}" in text_of(done)
    assert f"Connect Company {provider.name}" not in text_of(done)
    assert f"Company {provider.name}" in home.text
    assert "Enter your security code" in second_factor.text
    assert user.username in second_factor.text


async def test_linking_and_unlinking_are_audited(
    app: Application, visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await linked_by(visitor, provider, sub="1")
    await visitor.submit(page, to="/account/connections/unlink")

    owner = await services_of(app).accounts.users.get(user.username)
    events = await services_of(app).core.audit.list_of_user(owner.user_id)

    found = {each.action: json.loads(each.details) for each in events}
    assert found["upstream.linked"] == {"provider": provider.name}
    assert found["upstream.unlinked"] == {"provider": provider.name}


async def test_linking_and_unlinking_require_a_fresh_sign_in(
    app: Application, visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    await signed_in(visitor, user)
    form = {
        **fields_in(await visitor.get("/account/connections")),
        "provider": provider.name,
    }
    app.clock.advance(seconds=601)

    for path in ("/account/connections/link", "/account/connections/unlink"):
        response = await visitor.http.post(path, data=form)

        assert response.status_code == 303
        assert response.headers["location"].startswith("/login?next=connections")


async def test_a_cross_site_form_cannot_link_or_unlink_a_provider(
    visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    await signed_in(visitor, user)

    for path in ("/account/connections/link", "/account/connections/unlink"):
        response = await visitor.http.post(path, data={"provider": provider.name})

        assert response.status_code == 403


async def test_linking_started_by_an_attacker_fails_in_the_browser_of_the_victim(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    """Forced linking: the attacker's identity does not come to the victim's account."""
    attacker = await app.enrolled_user()
    await signed_in(stranger, attacker)
    await signed_in(visitor, user)
    asked = await linking(stranger, provider)
    provider.knows(asked, sub="mallory")

    page = await visitor.http.get(provider.callback(asked))

    assert CANNOT_GO_ON in text_of(page)
    assert await linked_to(app, user.username) == []
    assert await linked_to(app, attacker.username) == []


async def test_a_sign_in_callback_does_not_link_the_identity(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    """Also in a browser where somebody is signed in."""
    await signed_in(visitor, user)
    asked = await sent_to(visitor, provider)
    provider.knows(asked, sub="1")

    page = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert "You don't have an account here yet" in page.text
    assert await linked_to(app, user.username) == []


async def test_linking_is_bound_to_the_session_that_started_it(
    app: Application, visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    """Somebody else signed in here meanwhile, or nobody is any more."""
    await signed_in(visitor, user)
    asked = await linking(visitor, provider)
    provider.knows(asked, sub="1")
    other = await app.enrolled_user()
    await signed_in(visitor, other)

    page = await visitor.http.get(provider.callback(asked))

    assert CANNOT_GO_ON in text_of(page)
    assert await linked_to(app, user.username) == await linked_to(app, other.username) == []


async def test_linking_fails_after_the_session_ends(
    app: Application, visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    await signed_in(visitor, user)
    asked = await linking(visitor, provider)
    provider.knows(asked, sub="1")
    owner = await services_of(app).accounts.users.get(user.username)
    await services_of(app).accounts.sessions.end_all(
        owner.user_id, is_full=True, event_of=lambda _: new_event()
    )

    page = await visitor.http.get(provider.callback(asked))

    assert CANNOT_GO_ON in text_of(page)
    assert await linked_to(app, user.username) == []


async def test_an_identity_of_another_user_is_not_linked(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    owner = await account_made_by(stranger, provider, sub="1")
    await signed_in(visitor, user)

    page = await linked_by(visitor, provider, sub="1")

    assert "That account is already connected to a different account here." in text_of(page)
    assert await linked_to(app, user.username) == []
    assert await linked_to(app, owner) == [provider.name]


async def test_linking_a_linked_identity_again_changes_nothing(
    app: Application, visitor: Visitor, provider: Provider, user: TestUser
) -> None:
    await signed_in(visitor, user)
    await linked_by(visitor, provider, sub="1")

    again = await linked_by(visitor, provider, sub="1")

    assert "Account connected. You can now sign in with it." in text_of(again)
    assert await linked_to(app, user.username) == [provider.name]


async def test_a_user_with_a_password_can_unlink_a_provider(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    await signed_in(visitor, user)
    page = await linked_by(visitor, provider, sub="1")

    done = await visitor.follow(await visitor.submit(page, to="/account/connections/unlink"))
    back = await signed_in_by(stranger, provider, sub="1")

    assert "Account disconnected." in text_of(done)
    assert "You don't have an account here yet" in back.text
    assert await linked_to(app, user.username) == []


async def test_a_user_cannot_unlink_the_identity_of_another_user(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    owner = await account_made_by(stranger, provider, sub="1")
    await signed_in(visitor, user)
    page = await linked_by(visitor, provider, sub="2")

    await visitor.submit(page, to="/account/connections/unlink", subject="1")

    assert await linked_to(app, owner) == [provider.name]
    assert await linked_to(app, user.username) == [provider.name]


async def test_the_only_sign_in_method_cannot_be_unlinked(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    name = await account_made_by(visitor, provider, sub="1")
    page = await visitor.get("/account/connections")

    refused = await visitor.submit(page, to="/account/connections/unlink")

    assert refused.status_code == 400
    assert "This is your only way to sign in." in text_of(refused)
    assert await linked_to(app, name) == [provider.name]


async def test_only_one_of_two_sign_in_methods_can_be_unlinked_concurrently(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    async with running_peer(tls=False) as second_peer:
        second = await offered(app, second_peer)
        name = await account_made_by(visitor, provider, sub="1")
        await linked_by(visitor, second, sub="2")
    page = await visitor.get("/account/connections")
    fields = fields_in(page)

    responses = await asyncio.gather(
        *(
            visitor.http.post(
                "/account/connections/unlink",
                data={**fields, "issuer": each.issuer, "subject": subject},
            )
            for each, subject in ((provider, "1"), (second, "2"))
        )
    )

    assert sorted(response.status_code for response in responses) == [303, 400]
    assert len(await linked_to(app, name)) == 1


async def test_a_disabled_provider_does_not_count_as_a_sign_in_method(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    async with running_peer(tls=False) as second_peer:
        second = await offered(app, second_peer)
        name = await account_made_by(visitor, provider, sub="1")
        await linked_by(visitor, second, sub="2")
    await disable_provider(app, second.name)
    form = {
        **fields_in(await visitor.get("/account/connections")),
        "issuer": provider.issuer,
        "subject": "1",
    }

    refused = await visitor.http.post("/account/connections/unlink", data=form)

    assert refused.status_code == 400
    assert len(await linked_to(app, name)) == 2


async def test_the_overview_mentions_providers_only_if_one_is_configured(
    start_app: AppFactory, peer: Peer
) -> None:
    app = await start_app()
    async with visiting(app) as visitor:
        await signed_in(visitor, await app.enrolled_user())

        without = await visitor.get("/account")
        await offered(app, peer)
        with_one = await visitor.get("/account")

    assert "/account/connections" not in without.text
    assert "/account/connections" in with_one.text
