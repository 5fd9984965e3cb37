"""How much hashing a sign-in costs: as much for a stranger's name as for a known one.

Nothing is timed here; what is counted is the work that takes the time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from app.security.passwords import PasswordScheme
from app.wiring import Services
from tests.support.administration import set_user_disabled
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.imports import import_user

pytestmark = pytest.mark.both_databases

IMPORTED = "pbkdf2_sha256$1000$saltsaltsalt12$UOd6FYubAGnuNrOHsYEW3aPJ7Y9o8yH5viKE79/RtpQ="
"""Of foreign_hashes.toml."""


@dataclass
class Work:
    """The hashes against which passwords were verified."""

    hashes: list[str] = field(default_factory=list)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    counted = Work()
    verify = PasswordScheme.verify

    def counting(scheme: PasswordScheme, password: str, password_hash: str) -> bool:
        counted.hashes.append(password_hash)
        return verify(scheme, password, password_hash)

    monkeypatch.setattr(PasswordScheme, "verify", counting)
    yield counted
    monkeypatch.undo()


async def test_every_refused_sign_in_costs_one_verification_under_the_same_parameters(
    app: Application, client: TestClient, user: TestUser, operator: Services, work: Work
) -> None:
    """SECURITY_BAR row 10: same timing, by a dummy hash where there is no user"""
    unconfirmed = await app.register()
    disabled = await app.enrolled_user()
    await set_user_disabled(operator, disabled.username, disabled=True)
    attempts = [
        TestUser(user.username, "wrong password", ""),
        unconfirmed,
        disabled,
        TestUser(app.new_name("nobody"), PASSWORD, ""),
        TestUser("no name at all", PASSWORD, ""),
    ]

    for number, attempt in enumerate(attempts, start=1):
        answer = await app.password_grant(client, attempt)

        assert_oauth_error(answer, "invalid_grant")
        assert len(work.hashes) == number
    parameters = {re.match(r"\$argon2id\$v=19\$[^$]+\$", each) for each in work.hashes}
    assert None not in parameters
    assert len({match.group() for match in parameters if match}) == 1


async def test_a_password_of_an_imported_user_costs_as_much_if_it_is_wrong(
    app: Application, client: TestClient, work: Work
) -> None:
    """SECURITY_BAR row 10, with the exception of decision 0035"""
    user = await import_user(app, password="Zoë's passphrase", password_hash=IMPORTED)
    wrong = TestUser(user.username, "wrong password", "")

    assert_oauth_error(await app.password_grant(client, wrong), "invalid_grant")

    imported, dummy = work.hashes
    assert imported.startswith("$pbkdf2-sha256$")
    assert dummy.startswith("$argon2id$")

    assert (await app.password_grant(client, user)).status_code == 200

    assert work.hashes == [imported, dummy, imported]  # and the new hash is created
    assert_oauth_error(await app.password_grant(client, wrong), "invalid_grant")
    assert len(work.hashes) == 4
    assert work.hashes[-1].startswith("$argon2id$")


async def test_an_enrolment_for_an_unknown_username_costs_the_same(
    app: Application, user: TestUser, work: Work
) -> None:
    """SECURITY_BAR rows 10 and 19"""
    wrong = {"username": user.username, "password": "wrong password"}
    unknown = {"username": app.new_name("nobody"), "password": PASSWORD}

    answers = [await app.http.post("/enroll_otp", json=body) for body in (wrong, unknown)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].content == answers[1].content
    assert len(work.hashes) == 2


@pytest.mark.parametrize(
    ("password", "error"),
    [("x" * 257, "invalid_grant"), ("nul\x00" * 4, "invalid_request")],
    ids=["too long", "NUL"],
)
async def test_an_invalid_password_is_never_hashed(
    app: Application, client: TestClient, user: TestUser, work: Work, password: str, error: str
) -> None:
    """SECURITY_BAR row 11: no CPU burn"""
    answer = await app.password_grant(client, user, password=password)

    assert_oauth_error(answer, error)
    assert work.hashes == []


async def test_a_request_refused_for_another_reason_hashes_nothing(
    app: Application, client: TestClient, user: TestUser, work: Work
) -> None:
    """SECURITY_BAR row 11: a stranger without a client's secret cannot make the server hash"""
    stranger = TestClient(client.client_id, "wrong")
    without_grant = await app.create_client(grant_types=["client_credentials"])

    answers = [
        await app.password_grant(stranger, user),
        await app.password_grant(without_grant, user),
        await app.password_grant(client, user, scope="more"),
    ]

    assert [a.json()["error"] for a in answers] == [
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
    ]
    assert work.hashes == []
