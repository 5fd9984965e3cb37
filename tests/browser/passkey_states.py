"""The states of the passkeys page, and of the sign-in pages that offer a passkey."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.models.factors.passkeys import Passkey
from app.pages.support.view_models import UserView

ORIGIN = "https://gallery.test"
WHEN = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
LONG = "Sicherheitsschlüssel der Donaudampfschifffahrtsgesellschaft im Bundesamt für Verkehrswesen"


def passkey(name: str, *, is_synced: bool, last_used_at: datetime | None) -> Passkey:
    return Passkey(name, b"", "u", b"", 0, name, "internal", is_synced, WHEN, last_used_at)


FEW = [
    passkey("Chrome, Linux", is_synced=False, last_used_at=WHEN + timedelta(hours=1)),
    passkey("Safari, iPhone", is_synced=True, last_used_at=None),
]
MANY = [
    passkey(LONG[:60], is_synced=True, last_used_at=WHEN),
    passkey("x" * 100, is_synced=False, last_used_at=None),
    *FEW,
]
PAGE: dict[str, Any] = {
    "user": UserView("Ada Lovelace", "ada", "AL", "s1"),
    "csrf_token": "c",
    "errors": {},
    "passkeys": FEW,
    "origin": ORIGIN,
    "may_add": True,
    "maximum_name": 100,
    "usual_name": "Chrome, Linux",
}


def passkey_states(
    sign_in: Mapping[str, Any], code: Mapping[str, Any], enroll: Mapping[str, Any]
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """`sign_in`, `code` and `enroll` are what the pages of these names are given."""
    first = {"passkeys": ORIGIN, "offers_passkey_first": True}
    return {
        "login-passkey-first": ("login.html", {**sign_in, **first, "staying_days": 30}),
        "otp-passkey-first": ("otp.html", {**code, **first}),
        "enroll-passkey": ("enroll.html", {**enroll, "passkeys": ORIGIN, "may_skip": True}),
        "enroll-passkey-first": ("enroll.html", {**enroll, **first}),
        "enroll-passkey-elsewhere": (
            "enroll.html",
            {**enroll, **first, "errors": {"": "The passkey couldn't be added. Try again."}},
        ),
        "login-passkey": ("login.html", {**sign_in, "passkeys": ORIGIN}),
        "login-passkey-only": (
            "login.html",
            {**sign_in, "passkeys": ORIGIN, "has_password": False, "can_recover": False},
        ),
        "otp-passkey": ("otp.html", {**code, "passkeys": ORIGIN}),
        "otp-only-passkey": ("otp.html", {**code, "passkeys": ORIGIN, "has_app": False}),
        "account-passkeys": ("account_passkeys.html", PAGE),
        "account-passkeys-none": ("account_passkeys.html", {**PAGE, "passkeys": []}),
        "account-passkeys-many": (
            "account_passkeys.html",
            {**PAGE, "passkeys": MANY, "may_add": False},
        ),
        "account-passkeys-elsewhere": ("account_passkeys.html", {**PAGE, "origin": ""}),
        "account-passkeys-wrong": (
            "account_passkeys.html",
            {**PAGE, "errors": {"": "The passkey couldn't be added. Try again."}},
        ),
    }
