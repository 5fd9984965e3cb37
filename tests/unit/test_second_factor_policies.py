"""Which policies apply to a sign-in together, as a table, and which sessions meet them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.security.passwords import NO_PASSWORD
from app.services.accounts.second_factor_policies import Requirement, requirement_of
from app.services.accounts.sessions import SignedIn

NOW = datetime(2026, 11, 30, tzinfo=UTC)
OPTIONAL, REQUIRED, PASSKEY = "optional", "required", "passkey_first"
MFA, PASSWORD = "urn:postern:acr:mfa", "urn:postern:acr:password"

TABLE: list[tuple[str, tuple[str, ...], str | None, bool, str, bool]] = [
    # general, groups, client, is_privileged -> policy, accepts_substitutes
    (REQUIRED, (), None, False, REQUIRED, True),
    (OPTIONAL, (), None, False, OPTIONAL, True),
    (PASSKEY, (), None, False, PASSKEY, True),
    # a group replaces the general policy, in both directions
    (REQUIRED, (OPTIONAL,), None, False, OPTIONAL, True),
    (OPTIONAL, (REQUIRED,), None, False, REQUIRED, False),
    (PASSKEY, (REQUIRED,), None, False, REQUIRED, False),
    # of several groups the strictest
    (OPTIONAL, (OPTIONAL, REQUIRED), None, False, REQUIRED, False),
    (OPTIONAL, (PASSKEY, REQUIRED, OPTIONAL), None, False, PASSKEY, False),
    # a client only makes it stricter
    (REQUIRED, (), OPTIONAL, False, REQUIRED, True),
    (PASSKEY, (), REQUIRED, False, PASSKEY, False),
    (OPTIONAL, (), REQUIRED, False, REQUIRED, False),
    (REQUIRED, (), PASSKEY, False, PASSKEY, False),
    (REQUIRED, (OPTIONAL,), REQUIRED, False, REQUIRED, False),
    (OPTIONAL, (REQUIRED,), OPTIONAL, False, REQUIRED, False),
    # administrators and auditors always need one
    (OPTIONAL, (), None, True, REQUIRED, False),
    (OPTIONAL, (OPTIONAL,), OPTIONAL, True, REQUIRED, False),
    (REQUIRED, (OPTIONAL,), None, True, REQUIRED, False),
    (PASSKEY, (), None, True, PASSKEY, False),
]


def signed_in(amr: str, acr: str, *, has_app: bool = False) -> SignedIn:
    session = Session("s", b"", "u", "v", NOW, acr, amr, "", "", NOW, NOW, NOW, None)
    return SignedIn(session, user(has_app=has_app))


def user(*, has_app: bool = False, password_hash: str = "x") -> User:
    confirmed_at = NOW if has_app else None
    return User("u", "ada", "ada", password_hash, "v", None, confirmed_at, None, None, NOW,
                "{}", None, b"")  # fmt: skip


@pytest.mark.parametrize(
    ("general", "groups", "client", "is_privileged", "policy", "accepts_substitutes"), TABLE
)
def test_the_policies_together_are_those_of_the_table(
    general: Any,
    groups: Any,
    client: Any,
    *,
    is_privileged: bool,
    policy: Any,
    accepts_substitutes: bool,
) -> None:
    requirement = requirement_of(general, groups=groups, client=client, is_privileged=is_privileged)

    assert requirement == Requirement(policy, accepts_substitutes)


@pytest.mark.parametrize(
    ("policy", "accepts_substitutes", "session", "is_met"),
    [
        (REQUIRED, False, signed_in("pwd otp mfa", MFA), True),
        (REQUIRED, False, signed_in("pop mfa", MFA), True),
        (REQUIRED, False, signed_in("pwd", PASSWORD, has_app=True), False),
        (REQUIRED, False, signed_in("fed", PASSWORD), False),
        (REQUIRED, True, signed_in("fed", PASSWORD), True),
        (REQUIRED, True, signed_in("pwd", PASSWORD, has_app=True), True),
        (REQUIRED, True, signed_in("pwd", PASSWORD), False),
        (PASSKEY, False, signed_in("pwd", PASSWORD), False),
        (PASSKEY, False, signed_in("pwd otp mfa", MFA), True),
        (OPTIONAL, True, signed_in("pwd", PASSWORD), True),
    ],
)
def test_a_session_meets_what_it_has_the_factors_for(
    policy: Any, session: SignedIn, *, accepts_substitutes: bool, is_met: bool
) -> None:
    assert Requirement(policy, accepts_substitutes).is_met_by(session) is is_met


@pytest.mark.parametrize(
    ("policy", "accepts_substitutes", "password_hash", "is_forbidden"),
    [
        (OPTIONAL, True, "x", False),
        (REQUIRED, True, "x", True),
        (REQUIRED, False, "x", True),
        (REQUIRED, True, NO_PASSWORD, False),
        (REQUIRED, False, NO_PASSWORD, True),
    ],
)
def test_the_last_factor_may_be_removed_where_none_is_required(
    policy: Any, password_hash: str, *, accepts_substitutes: bool, is_forbidden: bool
) -> None:
    requirement = Requirement(policy, accepts_substitutes)

    assert requirement.forbids_having_none(user(password_hash=password_hash)) is is_forbidden
