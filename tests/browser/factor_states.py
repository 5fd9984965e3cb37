"""The pages of second factors in every state that matters."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

States = dict[str, tuple[str, Mapping[str, Any]]]

CODES = [
    f"{a}{b}7k-3mpq-{b}{a}9x-{a}w2{b}" for a, b in zip("abcdefghij", "kmnpqrstuv", strict=True)
]
WRONG = "That code is wrong or has already been used. Enter another recovery code."
NOT_SAVED = "Confirm that you've saved your codes. You won't see them again."


def factor_states(
    code: Mapping[str, Any], enroll: Mapping[str, Any], long: Any, wrong_code: str
) -> States:
    """`code` and `enroll` are the values of those pages, `long` is a person of many letters."""
    saved = {**code, "codes": CODES, "file": f"data:text/plain;charset=utf-8,{quote(CODES[0])}"}
    recovery = {**code, "otp_url": "/login/otp", "remember_days": 0}
    own = {"user": code["user"], "csrf_token": "c", "errors": {}}
    app = {
        **own,
        "confirmed_at": enroll["confirmed_at"],
        "remembered": 0,
        "remember_days": 0,
        "may_remove": False,
    }
    new = {**enroll, **own, "sealed": "s"}
    return {
        "otp-remember": ("otp.html", {**code, "remember_days": 30}),
        "recovery": ("recovery.html", {**recovery, "remember_days": 30}),
        "recovery-wrong": (
            "recovery.html",
            {**recovery, "user": long, "errors": {"recovery_code": WRONG}},
        ),
        "recovery-codes": ("recovery_codes.html", saved),
        "recovery-codes-long": ("recovery_codes.html", {**saved, "user": long}),
        "recovery-codes-not-saved": (
            "recovery_codes.html",
            {**saved, "user": None, "codes": [], "errors": {"saved": NOT_SAVED}},
        ),
        "account-recovery-codes": (
            "account_recovery_codes.html",
            {**own, "left": 8, "is_few": False},
        ),
        "account-recovery-codes-few": (
            "account_recovery_codes.html",
            {**own, "left": 1, "is_few": True},
        ),
        "account-recovery-codes-none": (
            "account_recovery_codes.html",
            {**own, "left": 0, "is_few": True},
        ),
        "account-authenticator": ("account_authenticator.html", app),
        "account-authenticator-optional": (
            "account_authenticator.html",
            {**app, "may_remove": True},
        ),
        "account-authenticator-none": (
            "account_authenticator.html",
            {**app, "confirmed_at": None, "remember_days": 30},
        ),
        "account-authenticator-remembered": (
            "account_authenticator.html",
            {**app, "remembered": 3, "remember_days": 30},
        ),
        "account-authenticator-new": ("account_authenticator_new.html", new),
        "account-authenticator-new-wrong": (
            "account_authenticator_new.html",
            {**new, "confirmed_at": None, "errors": {"code": wrong_code}},
        ),
    }
