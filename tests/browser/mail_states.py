"""The pages that links in mails lead to, and that of the address."""

from collections.abc import Mapping
from typing import Any

from app.pages.support.view_models import UserView

ADDRESS = "ada@example.com"
NEW = "ada.lovelace@example.org"
LONG = f"{'very-long-name-' * 4}x@{'very-long-label.' * 5}example.com"
LONG_ADDRESS = "2001:0db8:85a3:ffff:ffff:ffff:ffff:7334"
TOO_MANY = "Too many emails requested. Try again in 20 min."
MISSING = "Enter your username or email address."
NO_ADDRESS = "Enter an email address like name@example.com."
BAD_PASSWORD = "A password must have 8 to 256 characters."


def mail_states(
    person: UserView, long_person: UserView
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    form: dict[str, Any] = {"csrf_token": "c", "errors": {}, "link": "0" * 64}
    address = {
        **form,
        "user": person,
        "email": ADDRESS,
        "is_verified": True,
        "pending": None,
        "entered": "",
    }
    confirm = {**form, "user": person, "email": ADDRESS}
    ask = {
        **form,
        "username": "",
        "request_id": "",
        "further": {},
        "login_url": "/login",
    }
    expired = {"errors": {}, "next_url": "/recover", "is_for_password": True, "can_get_new": True}
    return {
        "email": ("account_email.html", address),
        "email-none": ("account_email.html", {**address, "email": "", "is_verified": False}),
        "email-unverified": ("account_email.html", {**address, "is_verified": False}),
        "email-pending": ("account_email.html", {**address, "pending": NEW}),
        "email-long": (
            "account_email.html",
            {**address, "email": LONG, "pending": f"new-{LONG}", "user": long_person},
        ),
        "email-wrong": (
            "account_email.html",
            {**address, "entered": "ada@", "errors": {"email": NO_ADDRESS}},
        ),
        "email-too-many": (
            "account_email.html",
            {**address, "pending": NEW, "errors": {"": TOO_MANY}},
        ),
        "verify-email": ("verify_email.html", confirm),
        "verify-email-long": (
            "verify_email.html",
            {**confirm, "user": long_person, "email": LONG},
        ),
        "email-verified": ("email_verified.html", {"user": person, "errors": {}}),
        "known-network": (
            "known_network.html",
            {**form, "user": person, "address": "203.0.113.9"},
        ),
        "known-network-long": (
            "known_network.html",
            {**form, "user": long_person, "address": LONG_ADDRESS},
        ),
        "known-network-done": ("known_network_done.html", {"user": person, "errors": {}}),
        "recover": ("recover.html", ask),
        "recover-empty": ("recover.html", {**ask, "errors": {"username": MISSING}}),
        "recover-too-many": ("recover.html", {**ask, "username": "ada", "errors": {"": TOO_MANY}}),
        "recover-sent": (
            "recover_sent.html",
            {"errors": {}, "login_url": "/login", "recover_url": "/recover"},
        ),
        "recover-new": ("recover_new.html", {**form, "username": "ada", "minimum_length": 8}),
        "invitation": ("invitation.html", {**form, "username": "ada", "minimum_length": 8}),
        "invitation-wrong": (
            "invitation.html",
            {
                **form,
                "username": long_person.username,
                "minimum_length": 8,
                "errors": {"password": BAD_PASSWORD},
            },
        ),
        "recover-new-wrong": (
            "recover_new.html",
            {
                **form,
                "username": long_person.username,
                "minimum_length": 8,
                "errors": {"password": BAD_PASSWORD},
            },
        ),
        "link-expired": ("link_expired.html", expired),
        "link-expired-email": (
            "link_expired.html",
            {**expired, "next_url": "/account/email", "is_for_password": False},
        ),
    }
