"""The states of the account pages; see `states.py`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.pages.account.activity import EventView
from app.pages.account.base import PlaceView
from app.pages.account.details import DetailView
from app.pages.account.profile_fields import COMMON, GROUPS
from app.pages.account.tokens import ScopeView, TokenView
from app.pages.support.view_models import UserView

WHEN = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
LONG = "Bundesamt für außerordentlich lange Namen und Donaudampfschifffahrtsgesellschaften"
UNBROKEN = "an_extraordinarily_long_user_name_without_a_single_space_in_it_64"
ADA = UserView("Ada Lovelace", "ada", "AL", "s1")
LONG_USER = UserView(LONG, UNBROKEN, "BD", "s3")
EVERY = [field.name for fields in (COMMON, *(each for _, each in GROUPS)) for field in fields]
PLACES = [
    PlaceView("/account/profile", "Profile", is_current=True),
    PlaceView("/account/email", "Email address", is_current=False),
    PlaceView("/account/password", "Password", is_current=False),
    PlaceView("/account/authenticator", "Authenticator app", is_current=False),
    PlaceView("/account/connections", "Connected accounts", is_current=False),
]
ACCOUNT_PAGE: dict[str, Any] = {"user": ADA, "csrf_token": "c", "errors": {}}
TOKENS: dict[str, Any] = {
    **ACCOUNT_PAGE,
    "tokens": [
        TokenView("t1", "Backup", "Reports", ["read", "write"], WHEN, WHEN, WHEN),
        TokenView("t2", LONG, LONG, [UNBROKEN], WHEN, WHEN, None),
    ],
    "offered": [{"name": "reports", "title": "Reports"}, {"name": "files", "title": LONG}],
    "chosen": {"name": "reports", "title": "Reports"},
    "scopes": [
        ScopeView("scope:read", "read", "Read your reports", is_chosen=True),
        ScopeView("scope:write", "write", LONG, is_chosen=False),
    ],
    "typed": {"name": "", "days": "90"},
    "maximum_name": 100,
    "maximum_days": 365,
    "created": "",
}
PROFILE = {
    **ACCOUNT_PAGE,
    "fields": COMMON,
    "groups": GROUPS,
    "is_open": False,
    "values": dict.fromkeys(EVERY, ""),
    "version": "v",
    "is_saved": False,
    "details_url": "/account/profile/details",
}
DETAILS = {
    **ACCOUNT_PAGE,
    "fields": [
        DetailView("attribute-shirt", "T-shirt size", "string", "M"),
        DetailView("attribute-floor", "floor", "number", "4"),
        DetailView("attribute-vegetarian", LONG, "boolean", "false"),
        DetailView("attribute-languages", "Languages that you speak", "list", "de,en"),
    ],
    "version": "v",
    "is_saved": False,
}
PASSWORD = {**ACCOUNT_PAGE, "has_password": True, "is_saved": False, "minimum_length": 8}
DATA = {**ACCOUNT_PAGE, "confirmation": ""}
EVENTS = [
    EventView("Signed in", "", WHEN, "203.0.113.7", is_refused=False, is_by_other=False),
    EventView(
        "Sign-in attempt",
        "",
        WHEN,
        "2001:db8:85a3::8a2e:370:7334",
        is_refused=True,
        is_by_other=False,
    ),
    EventView("App access allowed", LONG, WHEN, "", is_refused=False, is_by_other=False),
    EventView("Password reset", "", WHEN, "", is_refused=False, is_by_other=True),
    EventView("otp.something_new", UNBROKEN, WHEN, "", is_refused=True, is_by_other=True),
]
ACTIVITY = {**ACCOUNT_PAGE, "events": EVENTS, "older": 17, "is_first": False}

ACCOUNT_STATES: dict[str, tuple[str, Mapping[str, Any]]] = {
    "account-profile": ("account_profile.html", PROFILE),
    "account-profile-saved": (
        "account_profile.html",
        {
            **PROFILE,
            "user": LONG_USER,
            "values": {**dict.fromkeys(EVERY, LONG), "picture": f"https://example.com/{UNBROKEN}"},
            "is_open": True,
            "is_saved": True,
        },
    ),
    "account-profile-wrong": (
        "account_profile.html",
        {
            **PROFILE,
            "is_open": True,
            "values": {**PROFILE["values"], "birthdate": "10/12/1815", "zoneinfo": "Vienna"},
            "errors": {
                "birthdate": "Enter a date like 1815-12-10.",
                "zoneinfo": "Enter a time zone like Europe/Vienna.",
            },
        },
    ),
    "account-details": ("account_details.html", DETAILS),
    "account-details-saved": ("account_details.html", {**DETAILS, "is_saved": True}),
    "account-details-none": ("account_details.html", {**DETAILS, "fields": []}),
    "account-details-wrong": (
        "account_details.html",
        {
            **DETAILS,
            "errors": {
                "attribute-floor": "Enter a number, such as 3 or 2.5.",
                "attribute-vegetarian": "Choose yes or no.",
            },
        },
    ),
    "account-password": ("account_password.html", PASSWORD),
    "account-password-first": ("account_password.html", {**PASSWORD, "has_password": False}),
    "account-password-saved": ("account_password.html", {**PASSWORD, "is_saved": True}),
    "account-password-wrong": (
        "account_password.html",
        {
            **PASSWORD,
            "errors": {
                "current_password": "That's not your current password.",
                "password": "Your password can't be your own name. Choose another one.",
            },
        },
    ),
    "account-activity": ("account_activity.html", ACTIVITY),
    "account-activity-new": (
        "account_activity.html",
        {**ACTIVITY, "events": [], "older": None, "is_first": True},
    ),
    "account-other": (
        "account_other.html",
        {
            **ACCOUNT_PAGE,
            "place": "profile",
            "other": LONG_USER,
            "other_url": "/login?next=profile&username=ada",
        },
    ),
    "account-tokens": ("account_tokens.html", TOKENS),
    "account-tokens-created": (
        "account_tokens.html",
        {**TOKENS, "created": f"postern_pt_{'a' * 51}"},
    ),
    "account-tokens-none": (
        "account_tokens.html",
        {**TOKENS, "tokens": [], "offered": [], "chosen": None, "scopes": []},
    ),
    "account-tokens-wrong": (
        "account_tokens.html",
        {
            **TOKENS,
            "typed": {"name": "Backup", "days": "400"},
            "errors": {"days": "Enter a number of days from 1 to 365."},
        },
    ),
    "account-data": ("account_data.html", DATA),
    "account-data-wrong": (
        "account_data.html",
        {
            **DATA,
            "user": LONG_USER,
            "confirmation": "lovelace",
            "errors": {"confirmation": "That's not your username. Your account wasn't deleted."},
        },
    ),
    "account-deleted": ("account_deleted.html", {"frames": [], "errors": {}}),
    "account-deleted-frames": (
        "account_deleted.html",
        {"frames": ["https://photos.example.com/frame"], "errors": {}},
    ),
}
