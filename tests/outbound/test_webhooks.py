"""Signed events for the webhooks of administrators (Standard Webhooks 1.0)."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook as Receiver

from app.models.operations.webhooks import DeliveryStatus, WebhookDelivery
from app.schemas.claims import StandardClaims
from app.schemas.webhooks import WebhookBody, WebhookEventType
from app.security.webhook_signatures import new_webhook_secret
from app.services.operations.authority import FULL
from app.services.operations.webhook_delivery import DELAYS, GIVES_UP_AFTER
from app.services.operations.webhooks import NewSecret, WebhookService
from app.wiring import Services, build_services
from tests.conftest import AppFactory
from tests.support.administration import (
    id_of,
    leave,
    new_group,
    set_claims_of,
    set_user_disabled,
)
from tests.support.application import NO_LIMITS, Application, TestClient, TestUser
from tests.support.background import pass_ended
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer, Seen
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

PATH = "/hook"
OK, FAILS, GONE = Answer(status=204), Answer(status=503), Answer(status=410)
DAY = 86_400


@pytest.fixture
def reaches_the_peer(authority: Authority) -> dict[str, Any]:
    return {
        "outbound_allowed_hosts": (HOST,),
        "outbound_ca_file": authority.ca_file,
        **NO_LIMITS,
    }


@pytest_asyncio.fixture
async def app(
    start_app: AppFactory, reaches_the_peer: dict[str, Any]
) -> AsyncIterator[Application]:
    yield await start_app(**reaches_the_peer)


@pytest_asyncio.fixture
async def second_worker(app: Application) -> AsyncIterator[Services]:
    services = build_services(app.settings, app.clock)
    yield services
    await services.close()


def webhooks_of(app: Application) -> WebhookService:
    return services_of(app).operations.webhooks.webhooks


async def new_webhook(
    app: Application,
    peer: Peer,
    *event_types: WebhookEventType,
    answer: Any = OK,
    path: str = PATH,
) -> NewSecret:
    peer.answers[path] = answer
    body = WebhookBody(url=peer.url(path), event_types=event_types or tuple(WebhookEventType))
    return await webhooks_of(app).create(body, authority=FULL)


async def deliver(app: Application, *, after: float = 0) -> None:
    """Do what the background jobs do when they look."""
    services = services_of(app)
    delivery = services.operations.webhooks.delivery
    await pass_ended(delivery)
    app.clock.advance(seconds=after)
    await services.core.audit.sequencer.run()
    await delivery.run_once()


async def delivered(app: Application, peer: Peer, count: int, *, after: float = 0) -> list[Seen]:
    """Deliver, and return what the peer has seen once there are `count` requests."""
    await deliver(app, after=after)
    await eventually(lambda: len(peer.seen) >= count)
    assert len(peer.seen) == count
    return peer.seen


async def seen_by(peer: Peer, count: int) -> None:
    await eventually(lambda: len(peer.seen) == count)


async def deliveries(app: Application, created: NewSecret) -> Sequence[WebhookDelivery]:
    return await webhooks_of(app).deliveries(created.webhook.webhook_id)


def signed_by(secret: str, seen: Seen) -> bool:
    """Return whether one of the signatures is that of the receivers' library."""
    timestamp = datetime.fromtimestamp(int(seen.headers["webhook-timestamp"]), UTC)
    signature = Receiver(secret).sign(seen.headers["webhook-id"], timestamp, seen.body.decode())
    return signature in seen.headers["webhook-signature"].split(" ")


def types_of(seen: Sequence[Seen]) -> list[str]:
    return [json.loads(each.body)["type"] for each in seen]


async def test_a_receiver_can_verify_an_event_with_its_secret(app: Application, peer: Peer) -> None:
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED)
    group = await new_group(app)

    [seen] = await delivered(app, peer, 1)

    body = json.loads(seen.body)
    assert seen.method == "POST"
    assert seen.headers["content-type"] == "application/json"
    assert body["type"] == "group.created"
    assert body["data"]["group_id"] == group.group_id
    assert datetime.fromisoformat(body["timestamp"]) == app.clock.now()
    assert seen.headers["webhook-timestamp"] == str(int(app.clock.now().timestamp()))
    assert signed_by(created.secret, seen)
    assert not signed_by(new_webhook_secret(), seen)


async def test_every_kind_of_change_is_sent_to_the_webhooks_that_want_it(
    app: Application, peer: Peer
) -> None:
    await new_webhook(app, peer)
    await new_webhook(app, peer, WebhookEventType.USER_DISABLED, path="/disabled")
    user = await app.enrolled_user()
    accounts, user_id = services_of(app).accounts, await id_of(app, user)
    group = await new_group(app, user)
    await leave(app, group, user)
    await accounts.groups.delete(group.group_id, authority=FULL)
    for is_disabled in (True, False):
        await set_user_disabled(services_of(app), user.username, disabled=is_disabled)
    await set_claims_of(services_of(app), user.username, StandardClaims(name="Ada"))

    seen = await delivered(app, peer, 9)

    about = {each.target: [] for each in seen}
    for each in seen:
        about[each.target].append(json.loads(each.body))
    assert [each["type"] for each in about["/disabled"]] == ["user.disabled"]
    assert sorted(each["type"] for each in about[PATH]) == [
        "group.created",
        "group.deleted",
        "group.member_added",
        "group.member_removed",
        "user.changed",
        "user.created",
        "user.disabled",
        "user.enabled",
    ]
    for each in about[PATH]:
        expected = user_id if each["type"] not in ("group.created", "group.deleted") else None
        assert each["data"].get("user_id") == expected
        if each["type"].startswith("group."):
            assert each["data"]["group_id"] == group.group_id


async def test_an_event_repeats_no_values_of_the_audit_log(app: Application, peer: Peer) -> None:
    """A receiver sees less than a reader of the audit log"""
    await new_webhook(app, peer)
    user = await app.enrolled_user()
    await set_claims_of(services_of(app), user.username, StandardClaims(name="A secret name"))
    await new_group(app, name="A secret group")

    seen = await delivered(app, peer, 3)

    members = {name for each in seen for name in json.loads(each.body)["data"]}
    assert members == {"action", "actor", "audit_sequence", "group_id", "user_id"}
    assert not [each for each in seen if b"A secret" in each.body]


async def test_refused_sign_ins_are_one_event_a_minute_and_account_with_their_count(
    app: Application, client: TestClient, peer: Peer
) -> None:
    await new_webhook(app, peer, WebhookEventType.SIGN_IN_REFUSED)
    ada, bob = await app.enrolled_user(), await app.enrolled_user()
    nobody = TestUser("nobody-at-all", "wrong password", "")
    for user, times in ((ada, 3), (bob, 1), (nobody, 2)):
        for _ in range(times):
            await app.password_grant(client, user, password="wrong password")
    await deliver(app)
    assert peer.seen == []  # they are counted for a minute
    await app.password_grant(client, ada, password="wrong password")
    await deliver(app, after=59)
    assert peer.seen == []

    seen = await delivered(app, peer, 3, after=1)
    await app.password_grant(client, ada, password="wrong password")
    await deliver(app, after=59)
    assert len(peer.seen) == 3
    seen = await delivered(app, peer, 4, after=60)

    counts = [
        (body["data"]["user_id"], body["data"]["count"])
        for body in (json.loads(each.body) for each in seen)
    ]
    ada_id, bob_id = await id_of(app, ada), await id_of(app, bob)
    assert sorted(counts[:3], key=str) == sorted([(ada_id, 4), (bob_id, 1), (None, 2)], key=str)
    assert counts[3] == (ada_id, 1)


async def test_two_workers_count_refused_sign_ins_into_one_event(
    app: Application,
    second_worker: Services,
    client: TestClient,
    user: TestUser,
    peer: Peer,
) -> None:
    await new_webhook(app, peer, WebhookEventType.SIGN_IN_REFUSED)
    for sequencer in (services_of(app).core.audit.sequencer, second_worker.core.audit.sequencer):
        await app.password_grant(client, user, password="wrong password")
        await sequencer.run()
    await deliver(app)

    [seen] = await delivered(app, peer, 1, after=60)

    assert json.loads(seen.body)["data"]["count"] == 2


async def test_only_one_of_several_workers_delivers_an_event(
    app: Application, second_worker: Services, peer: Peer
) -> None:
    await new_webhook(app, peer, WebhookEventType.GROUP_CREATED)
    for _ in range(5):
        await new_group(app)
    await services_of(app).core.audit.sequencer.run()

    await asyncio.gather(
        services_of(app).operations.webhooks.delivery.run_once(),
        second_worker.operations.webhooks.delivery.run_once(),
    )

    await eventually(lambda: len(peer.seen) >= 5)
    assert len({each.headers["webhook-id"] for each in peer.seen}) == len(peer.seen) == 5


@pytest.mark.slow
async def test_an_event_is_retried_with_the_same_id_and_body_and_a_new_signature(
    app: Application, peer: Peer
) -> None:
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED, answer=FAILS)
    await new_group(app)
    await delivered(app, peer, 1)
    assert (await webhooks_of(app).get(created.webhook.webhook_id)).failing_since is not None

    for tried, delay in enumerate(DELAYS[:3], start=1):
        await deliver(app, after=delay.total_seconds() - 1)
        assert len(peer.seen) == tried
        await delivered(app, peer, tried + 1, after=1)
    peer.answers[PATH] = OK
    seen = await delivered(app, peer, 5, after=DELAYS[3].total_seconds())

    assert len({each.headers["webhook-id"] for each in seen}) == 1
    assert len({each.body for each in seen}) == 1
    assert len({each.headers["webhook-signature"] for each in seen}) == 5
    assert all(signed_by(created.secret, each) for each in seen)

    async def is_stored() -> bool:
        return (await deliveries(app, created))[0].status == DeliveryStatus.DELIVERED

    await eventually(is_stored)
    webhook = await webhooks_of(app).get(created.webhook.webhook_id)
    assert (webhook.failing_since, webhook.last_success_at) == (None, app.clock.now())


@pytest.mark.slow
async def test_a_webhook_that_fails_for_five_days_is_disabled_with_an_audit_event(
    app: Application, peer: Peer
) -> None:
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED, answer=FAILS)
    await new_group(app)
    await deliver(app)
    webhook = webhooks_of(app)

    waited, attempts = timedelta(0), 1
    while (await webhook.get(created.webhook.webhook_id)).is_enabled:
        assert waited <= GIVES_UP_AFTER
        await seen_by(peer, attempts)
        delay = DELAYS[min(attempts - 1, len(DELAYS) - 1)]
        waited += delay
        attempts += 1
        await deliver(app, after=delay.total_seconds())

    assert waited >= GIVES_UP_AFTER
    assert len(peer.seen) == 12
    events = [each async for each in services_of(app).core.audit.read_all()]
    [disabled] = [each for each in events if each.action == "webhook.disabled"]
    assert (disabled.actor, json.loads(disabled.details)["reason"]) == ("system", "failing")
    assert (await deliveries(app, created))[0].status == DeliveryStatus.FAILED
    await new_group(app)
    await deliver(app, after=DAY)
    assert len(peer.seen) == 12


async def test_a_receiver_that_answers_gone_disables_the_webhook_at_once(
    app: Application, peer: Peer
) -> None:
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED, answer=GONE)
    await new_group(app)

    await delivered(app, peer, 1)

    async def is_disabled() -> bool:
        return not (await webhooks_of(app).get(created.webhook.webhook_id)).is_enabled

    await eventually(is_disabled)
    await deliver(app, after=DAY)
    assert len(peer.seen) == 1


async def test_events_are_signed_with_both_secrets_while_one_replaces_the_other(
    app: Application, peer: Peer
) -> None:
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED)
    rotated = await webhooks_of(app).rotate_secret(
        created.webhook.webhook_id, overlap=timedelta(hours=1), authority=FULL
    )
    await new_group(app)
    [during] = await delivered(app, peer, 1)
    app.clock.advance(seconds=3600)
    await new_group(app)
    [_, after] = await delivered(app, peer, 2)

    assert signed_by(created.secret, during)
    assert signed_by(rotated.secret, during)
    assert signed_by(rotated.secret, after)
    assert not signed_by(created.secret, after)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=307, headers={"Location": "/elsewhere"}),
        Answer(status=400),
        Answer(status=200, body="x" * 70_000),
    ],
)
async def test_redirects_refusals_and_oversized_responses_are_failures(
    app: Application, peer: Peer, answer: Answer
) -> None:
    """SECURITY_BAR row 43: no redirect is followed, no endless body is read"""
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED, answer=answer)
    peer.answers["/elsewhere"] = OK
    await new_group(app)

    await delivered(app, peer, 1)

    async def has_failed() -> bool:
        return (await deliveries(app, created))[0].last_error is not None

    await eventually(has_failed)
    assert peer.count("/elsewhere") == 0
    assert (await deliveries(app, created))[0].status == DeliveryStatus.PENDING


async def test_a_webhook_whose_name_is_private_receives_nothing(
    start_app: AppFactory, peer: Peer
) -> None:
    """SECURITY_BAR row 43: a name is only resolved when it is called"""
    app = await start_app()
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED)
    await new_group(app)
    await deliver(app)

    async def has_failed() -> bool:
        return (await deliveries(app, created))[0].last_error is not None

    await eventually(has_failed)
    assert peer.connections == 0
    assert await webhooks_of(app).test(created.webhook.webhook_id, authority=FULL) is not None
    assert peer.connections == 0


async def test_a_failing_webhook_does_not_delay_another(app: Application, peer: Peer) -> None:
    released = asyncio.Event()

    async def never(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await released.wait()

    await new_webhook(app, peer, WebhookEventType.GROUP_CREATED, answer=never, path="/never")
    await new_webhook(app, peer, WebhookEventType.GROUP_CREATED)
    for _ in range(12):
        await new_group(app)
    await services_of(app).core.audit.sequencer.run()

    running = asyncio.create_task(services_of(app).operations.webhooks.delivery.run_once())
    await eventually(lambda: peer.count(PATH) == 12)

    assert peer.count("/never") <= 8
    released.set()
    await running


async def test_finished_deliveries_are_removed_by_housekeeping(
    app: Application, peer: Peer
) -> None:
    created = await new_webhook(app, peer, WebhookEventType.GROUP_CREATED)
    await new_group(app)
    await delivered(app, peer, 1)

    async def is_stored() -> bool:
        return (await deliveries(app, created))[0].status == DeliveryStatus.DELIVERED

    await eventually(is_stored)
    housekeeping = services_of(app).operations.housekeeping
    await housekeeping.run_once()
    assert len(await deliveries(app, created)) == 1

    app.clock.advance(seconds=DAY + 600)
    await housekeeping.run_once()

    assert await deliveries(app, created) == []


async def test_a_deleted_webhook_loses_what_is_pending_for_it(app: Application, peer: Peer) -> None:
    created = await new_webhook(app, peer, WebhookEventType.SIGN_IN_REFUSED)
    client, user = await app.create_client(), await app.enrolled_user()
    await app.password_grant(client, user, password="wrong password")
    await deliver(app)
    assert len(await deliveries(app, created)) == 1

    await webhooks_of(app).delete(created.webhook.webhook_id, authority=FULL)
    await deliver(app, after=60)

    assert await deliveries(app, created) == []
    assert peer.seen == []
