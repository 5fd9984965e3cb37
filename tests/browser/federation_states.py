"""The pages about other providers, in every state that matters."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from app.pages.account.connections import ConnectionView
from app.pages.support.view_models import UserView

LONG = "Bundesamt für außerordentlich lange Namen und Donaudampfschifffahrtsgesellschaften"
WHEN = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
THERE = "https://login.example.com/authorize?client_id=us"
COMPANY = SimpleNamespace(name="company", label="The Company", issuer="https://company.example.com")
OFFICE = SimpleNamespace(name="office", label=LONG, issuer="https://office.example.com")
KNOWN = [
    SimpleNamespace(name=label.lower(), label=label, issuer=issuer)
    for label, issuer in {
        "Google": "https://accounts.google.com",
        "Microsoft": "https://login.microsoftonline.com/common/v2.0",
        "Apple": "https://appleid.apple.com",
        "GitLab": "https://gitlab.com",
        "Okta": "https://acme.okta.com",
        "Keycloak": "https://sso.example.com/realms/acme",
    }.items()
]
ADA = UserView("Ada Lovelace", "ada", "AL", "s1")
LINKED = ConnectionView("The Company", "ada@example.com", "https://a", "1", WHEN, WHEN)
UNBROKEN = ConnectionView(LONG, f"{'a-long-address' * 6}@example.com", "https://b", "2", WHEN, None)
CONNECTIONS: dict[str, Any] = {
    "user": ADA,
    "csrf_token": "c",
    "errors": {},
    "linked": [LINKED, UNBROKEN],
    "offered": [COMPANY],
    "done": "",
}
CONFIRM: dict[str, Any] = {
    "user": ADA,
    "csrf_token": "c",
    "errors": {},
    "further": {"next": "password"},
    "providers": [COMPANY],
    "email": "ada@example.com",
    "has_mail_code": True,
    "is_sent": False,
    "is_about_email": False,
    "login_url": "/login?next=password",
}
NO_MAIL = {**CONFIRM, "email": None, "has_mail_code": False}
WRONG = "That code is wrong or has expired. Check your email for the latest one."
NEW: dict[str, Any] = {
    "csrf_token": "c",
    "errors": {},
    "request_id": "",
    "further": {},
    "client": None,
    "label": "The Company",
    "identity": "ada@example.com",
    "state": "s",
    "username": "ada",
    "can_register": True,
    "login_url": "/login?next=connections",
}


def federation_states(
    sign_in: Mapping[str, Any], account: Mapping[str, Any]
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """With what the sign-in page and the registration page show beside."""
    away = {"client": sign_in["client"], "errors": {}, "url": THERE}
    last = "This is your only way to sign in. Set a password or add a passkey first."
    return {
        "login-providers": ("login.html", {**sign_in, "providers": [COMPANY, OFFICE]}),
        "login-known-providers": ("login.html", {**sign_in, "providers": KNOWN}),
        "create-account-provider-only": (
            "create_account.html",
            {**account, "providers": [COMPANY], "has_password": False},
        ),
        "create-account-providers": ("create_account.html", {**account, "providers": [COMPANY]}),
        "upstream-new": ("upstream_new.html", NEW),
        "upstream-new-taken": (
            "upstream_new.html",
            {
                **NEW,
                "client": sign_in["client"],
                "label": LONG,
                "identity": f"{'a-long-address' * 6}@example.com",
                "errors": {"username": "That username is taken. Choose another one."},
            },
        ),
        "upstream-new-closed": ("upstream_new.html", {**NEW, "can_register": False}),
        "upstream-away": ("upstream_away.html", {**away, "label": "The Company"}),
        "upstream-away-long": ("upstream_away.html", {**away, "label": LONG}),
        "connections": ("account_connections.html", CONNECTIONS),
        "connections-empty": ("account_connections.html", {**CONNECTIONS, "linked": []}),
        "connections-done": (
            "account_connections.html",
            {**CONNECTIONS, "done": "Account connected. You can now sign in with it."},
        ),
        "connections-last": (
            "account_connections.html",
            {**CONNECTIONS, "linked": [LINKED], "errors": {"": last}},
        ),
        "account-confirm": ("account_confirm.html", CONFIRM),
        "account-confirm-sent": (
            "account_confirm.html",
            {**CONFIRM, "is_sent": True, "providers": [OFFICE]},
        ),
        "account-confirm-wrong": (
            "account_confirm.html",
            {**CONFIRM, "is_sent": True, "providers": [], "errors": {"code": WRONG}},
        ),
        "account-confirm-email": ("account_confirm.html", {**NO_MAIL, "is_about_email": True}),
        "account-confirm-provider": ("account_confirm.html", NO_MAIL),
        "account-confirm-neither": ("account_confirm.html", {**NO_MAIL, "providers": []}),
        "error-upstream": (
            "error.html",
            {
                "heading": "The sign-in service isn't responding",
                "message": "We couldn't sign you in.",
                "advice": (
                    "The problem is with the sign-in service. Try again in a minute, or sign in "
                    "another way."
                ),
                "details": "upstream_failed",
                "again": "/login",
                "errors": {},
                "request_id": "01936f3a7c2e7d0b",
            },
        ),
    }
