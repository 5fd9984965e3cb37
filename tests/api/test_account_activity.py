"""`/account/activity`: a person reads what the audit log has of him."""

import re
from dataclasses import replace
from unittest.mock import AsyncMock

import pytest

from app.pages.account.activity import EVENTS_ON_A_PAGE
from app.services.accounts.events import AccountEvent
from tests.support.account import signed_in, stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.passkeys import MINE, enrol
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

ACTIVITY = "/account/activity"


@pytest.mark.slow
async def test_events_are_listed_newest_first_as_sentences(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    client = await app.create_client(client_name=app.new_name("Photo Album"))
    await visitor.tokens_for(client, user)

    page = text_of(await visitor.get(ACTIVITY))

    name = (await services_of(app).clients.clients.get(client.client_id)).client_name
    assert page.index("App access allowed") < page.index("Account created")
    assert name in page
    assert "consent.granted" not in page


async def test_passkey_events_show_the_current_passkey_name(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """The log has none: it stays when a person goes"""
    await signed_in(visitor, user)
    await enrol(visitor, name="Old phone")
    await visitor.submit(await visitor.get(MINE), to=f"{MINE}/rename", name="New <phone>")

    renamed = text_of(await visitor.get(ACTIVITY))
    await visitor.submit(await visitor.get(MINE), to=f"{MINE}/remove")
    removed = text_of(await visitor.get(ACTIVITY))

    assert renamed.count("New <phone>") == 2
    assert "Old phone" not in renamed
    assert "Passkey removed" in removed
    assert "phone" not in removed


async def test_refused_events_and_operator_actions_are_labelled(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    audit, user_id = services_of(app).core.audit, (await stored(app, user)).user_id
    await audit.record(AccountEvent.OTP_REFUSED, user_id=user_id, succeeded=False)
    await audit.record(AccountEvent.OTP_RESET, user_id=user_id, actor="operator:root")
    await signed_in(visitor, user)

    page = await visitor.get(ACTIVITY)

    rows = [" ".join(text.split()) for text in re.findall(r"<li>(.*?)</li>", page.text, re.DOTALL)]
    refused = next(row for row in rows if "Wrong security code entered" in row)
    reset = next(row for row in rows if "Authenticator app reset" in row)
    assert "refused" in refused
    assert "by an administrator" in reset
    assert "refused" not in reset


async def test_an_action_without_a_sentence_is_shown_by_its_name(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 31: as text"""
    user_id = (await stored(app, user)).user_id
    audit = services_of(app).core.audit
    event = audit.event(AccountEvent.PASSKEY_ADDED, user_id=user_id, name="<script>x")
    await audit._audit_outbox_repository.add(replace(event, action="thing.done"))
    await signed_in(visitor, user)

    page = await visitor.get(ACTIVITY)

    assert "thing.done" in text_of(page)
    assert "<script>x" not in page.text


async def test_paging_through_the_activity_shows_every_event_exactly_once(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    audit, user_id = services_of(app).core.audit, (await stored(app, user)).user_id
    for number in range(2 * EVENTS_ON_A_PAGE):
        await audit.record(AccountEvent.PASSKEY_RENAMED, user_id=user_id, name=f"key-{number:03}")
    await signed_in(visitor, user)
    assert await audit.sequencer.run()

    seen: list[str] = []
    path: str | None = ACTIVITY
    pages = 0
    while path is not None:
        page = await visitor.get(path)
        seen.extend(re.findall(r"key-(\d+)", page.text))
        older = re.search(r'href="(/account/activity\?before=\d+)"', page.text)
        path = older[1] if older is not None else None
        pages += 1

    assert seen == [f"{number:03}" for number in reversed(range(2 * EVENTS_ON_A_PAGE))]
    assert pages == 3


async def test_events_without_a_sequence_number_are_all_on_the_first_page(
    app: Application, visitor: Visitor, user: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit, user_id = services_of(app).core.audit, (await stored(app, user)).user_id
    await audit.record(AccountEvent.PASSKEY_RENAMED, user_id=user_id, name="key-older")
    await signed_in(visitor, user)
    assert await audit.sequencer.run()
    monkeypatch.setattr(audit.sequencer, "run", AsyncMock(return_value=False))
    for number in range(2 * EVENTS_ON_A_PAGE):
        await audit.record(AccountEvent.PASSKEY_RENAMED, user_id=user_id, name=f"key-{number:03}")

    page = await visitor.get(ACTIVITY)
    older = re.search(r'href="(/account/activity\?before=\d+)"', page.text)
    assert older is not None
    next_page = await visitor.get(older[1])

    assert re.findall(r"key-(\d+)", page.text) == [
        f"{n:03}" for n in reversed(range(2 * EVENTS_ON_A_PAGE))
    ]
    assert "key-older" in next_page.text


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "1 or 1=1", "²", "0"])
async def test_an_invalid_page_position_is_not_an_error(
    visitor: Visitor, user: TestUser, before: str
) -> None:
    """SECURITY_BAR row 44"""
    await signed_in(visitor, user)

    page = await visitor.get(ACTIVITY, before=before)

    assert page.status_code == 200


async def test_a_user_cannot_see_the_activity_of_another_user(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    other = await app.enrolled_user()
    audit = services_of(app).core.audit
    await audit.record(
        AccountEvent.PASSKEY_ADDED, user_id=(await stored(app, other)).user_id, name="theirs"
    )
    await signed_in(visitor, user)

    pages = [await visitor.get(ACTIVITY), await visitor.get(ACTIVITY, before="1000000000")]

    assert all("theirs" not in page.text for page in pages)


async def test_an_unauthenticated_visitor_is_redirected_to_the_sign_in_page(
    visitor: Visitor,
) -> None:
    assert (await visitor.get(ACTIVITY)).headers["location"] == "/login"
