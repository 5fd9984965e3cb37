"""`postern webhooks …`: the URLs that receive events."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.cli.conftest import Postern, Result
from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Peer, running_peer

URL = "https://hooks.example.com/postern?key=in-the-query"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Peer]:
    """Yield a receiver on this machine, which the operator allows."""
    async with running_peer(tls=False) as made:
        made.answers["/hook"] = Answer(status=204)
        yield made


@pytest.fixture
def webhooks(app: Application, postern: Postern) -> Postern:
    """`postern webhooks …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        return await postern(
            "webhooks",
            *arguments,
            DATABASE_URL=app.settings.database_url,
            OUTBOUND_ALLOWED_HOSTS=HOST,
        )

    return run


async def created(webhooks: Postern, *arguments: str) -> dict[str, Any]:
    result = await webhooks("create", "--json", *arguments)
    assert result.code == 0, result.errors
    row: dict[str, Any] = json.loads(result.output)
    return row


async def test_a_secret_is_printed_when_it_is_created_and_never_again(webhooks: Postern) -> None:
    row = await created(webhooks, URL, "--event-type", "user.created", "--description", "CRM")
    listed = await webhooks("list", "--json")
    shown = await webhooks("show", row["webhook_id"], "--json")

    secret = row.pop("secret")
    assert secret.startswith("whsec_")
    assert json.loads(shown.output) == row
    assert row in json.loads(listed.output)
    assert (row["url"], row["event_types"], row["is_enabled"]) == (URL, ["user.created"], True)


async def test_a_rotation_prints_another_secret(webhooks: Postern) -> None:
    row = await created(webhooks, URL)

    rotated = await webhooks("rotate-secret", row["webhook_id"], "--overlap", "60", "--json")
    shown = await webhooks("show", row["webhook_id"], "--json")

    assert json.loads(rotated.output)["secret"] != row["secret"]
    assert json.loads(shown.output)["previous_secret_expires_at"] is not None


async def test_set_changes_what_is_stated_and_keeps_the_rest(webhooks: Postern) -> None:
    row = await created(webhooks, URL, "--event-type", "user.created", "--description", "CRM")

    changed = await webhooks("set", row["webhook_id"], "--disable", "--json")
    types = ("--event-type", "group.deleted", "--event-type", "group.created")
    again = await webhooks("set", row["webhook_id"], *types, "--json")

    del row["secret"]
    assert json.loads(changed.output) == {**row, "is_enabled": False, "version": 2}
    assert json.loads(again.output)["event_types"] == ["group.created", "group.deleted"]


async def test_a_test_event_says_whether_the_receiver_accepted_it(
    webhooks: Postern, receiver: Peer
) -> None:
    row = await created(webhooks, receiver.url("/hook"))

    accepted = await webhooks("test", row["webhook_id"], "--json")
    receiver.answers["/hook"] = Answer(status=500)
    refused = await webhooks("test", row["webhook_id"], "--json")

    assert (accepted.code, json.loads(accepted.output)["delivered"]) == (0, True)
    assert (refused.code, json.loads(refused.output)["error"]) == (1, "the receiver answered 500")
    assert json.loads(receiver.seen[0].body)["type"] == "webhook.test"


async def test_deliveries_are_listed_with_their_last_error(
    app: Application, webhooks: Postern, receiver: Peer
) -> None:
    row = await created(webhooks, receiver.url("/gone"), "--event-type", "user.created")
    await app.register()
    await app.register()
    await services_of(app).core.audit.sequencer.run()

    listed = await webhooks("deliveries", row["webhook_id"], "--json")
    one = await webhooks("deliveries", row["webhook_id"], "--limit", "1", "--json")

    deliveries = json.loads(listed.output)
    assert {each["event_type"] for each in deliveries} == {"user.created"}
    assert (len(deliveries), len(json.loads(one.output))) == (2, 1)


async def test_a_deleted_webhook_is_unknown(webhooks: Postern) -> None:
    row = await created(webhooks, URL)

    unconfirmed = await webhooks("delete", row["webhook_id"])
    deleted = await webhooks("delete", row["webhook_id"], "--yes")
    shown = await webhooks("show", row["webhook_id"])

    assert (unconfirmed.code, deleted.code, shown.code) == (1, 0, 1)
    assert "There is no webhook with that ID." in shown.errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("http://hooks.example.com/",), "must be an https URL"),
        (("https://169.254.169.254/latest",), "isn't in a private network"),
        (("https://user:secret@hooks.example.com/",), "must be an https URL"),
        ((URL, "--event-type", "user.unheard_of"), "event"),
    ],
)
async def test_a_url_in_a_private_network_and_an_unknown_type_are_refused(
    webhooks: Postern, arguments: tuple[str, ...], message: str
) -> None:
    """SECURITY_BAR row 43"""
    result = await webhooks("create", *arguments)

    assert (result.code, result.output) == (1, "")
    assert message in result.errors


async def test_the_audit_log_has_neither_the_secret_nor_the_query_of_the_url(
    app: Application, webhooks: Postern
) -> None:
    row = await created(webhooks, URL)
    rotated = json.loads((await webhooks("rotate-secret", row["webhook_id"], "--json")).output)

    events = [each async for each in services_of(app).core.audit.read_all()]

    about = [each.details for each in events if row["webhook_id"] in each.details]
    assert len(about) == 2
    for secret in (row["secret"], rotated["secret"], "in-the-query"):
        assert not [details for details in about if secret in details]
