"""A client's secret is replaced with an overlap while many callers use the old and the new one."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count

from tests.procedures.ledger import Entry
from tests.procedures.servers import Place
from tests.support.admin_api import ADMIN_TOKEN, AdminApi
from tests.support.application import Application, TestClient
from tests.support.machine import scaled, scaled_now
from tests.support.server import application_of

CONNECTIONS = 64
OVERLAP_SECONDS = 60
REFUSED_WITHIN = 1.0
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 10.0


@dataclass(slots=True)
class Rotation:
    """What callers got while both secrets were valid, and when the old one was refused.

    `seconds_until_refused` counts from the instant at which the old secret expires; it is None if
    that secret was not refused at all. `answers` are the numbers of 200 by secret, `others` those
    of other statuses.
    """

    answers: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    seconds_until_refused: float | None = None
    status_of_new: int = 0

    def failures(self) -> list[str]:
        """Return what must not have happened."""
        failures = [f"{number} x {what}" for what, number in self.others.most_common(3)]
        if min(self.answers["old"], self.answers["new"]) < CONNECTIONS:
            failures.append(f"too few requests: {dict(self.answers)}")
        if self.seconds_until_refused is None:
            failures.append("the old secret was not refused")
        elif self.seconds_until_refused > scaled_now(REFUSED_WITHIN):
            failures.append(f"the old secret was refused after {self.seconds_until_refused:.1f} s")
        if self.status_of_new != HTTPStatus.OK:
            failures.append(f"the new secret got {self.status_of_new} afterwards")
        return failures


async def rotate_under_load(app: Application, client: TestClient, *, overlap: int) -> Rotation:
    """Replace the secret, and use both in turn on each connection until the old one expires."""
    response = await AdminApi(app).post(
        f"/clients/{client.client_id}/secrets", {"overlap": overlap}
    )
    assert response.status_code == HTTPStatus.CREATED, response.text
    issued = response.json()
    secrets = {"old": client, "new": replace(client, client_secret=issued["client_secret"])}
    expires_at = datetime.fromisoformat(issued["previous_secret_expires_at"])
    rotation = Rotation()

    async def call(first: int) -> None:
        for number in count(first):
            name = ("old", "new")[number % 2]
            answer = await app.client_credentials(secrets[name])
            if datetime.now(UTC) >= expires_at:
                return
            if answer.status_code == HTTPStatus.OK:
                rotation.answers[name] += 1
            else:
                rotation.others[f"{name} secret: {answer.status_code} {answer.text[:80]}"] += 1

    await asyncio.gather(*(call(number) for number in range(CONNECTIONS)))
    await _wait_for_refusal(app, secrets["old"], rotation, expires_at)
    rotation.status_of_new = (await app.client_credentials(secrets["new"])).status_code
    return rotation


async def _wait_for_refusal(
    app: Application, old: TestClient, rotation: Rotation, expires_at: datetime
) -> None:
    """Use the old secret until it is refused.

    With several workers it is used several times: each of them must refuse it.
    """
    gives_up_at = time.monotonic() + scaled(PATIENCE_SECONDS)
    while time.monotonic() < gives_up_at:
        sent_at = datetime.now(UTC)
        answers = await asyncio.gather(*(app.client_credentials(old) for _ in range(4)))
        if {answer.status_code for answer in answers} == {HTTPStatus.UNAUTHORIZED}:
            rotation.seconds_until_refused = (sent_at - expires_at).total_seconds()
            return
        await asyncio.sleep(POLL_SECONDS)


async def secrets_rotated(place: Place) -> list[Entry]:
    """Rotate a secret with an overlap of a minute, on both databases."""
    entries = []
    for kind in ("sqlite", "postgresql"):
        entry = Entry("secret rotated with overlap", kind)
        async with (
            place.database(kind) as (url, _),
            place.postern(url, ADMIN_TOKEN=ADMIN_TOKEN) as server,
            application_of(server) as app,
        ):
            client = await app.create_client()
            rotation = await rotate_under_load(app, client, overlap=OVERLAP_SECONDS)
        entry.acknowledged = rotation.answers.total()
        entry.failures += rotation.failures()
        entry.remarks.append(f"refused after {rotation.seconds_until_refused} s")
        entries.append(entry)
    return entries
