"""Every template in every state that matters: words long and short, errors, pictures missing,
many of everything."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app.pages.account.applications import ApplicationView, DelegationView
from app.pages.account.overview import SectionView, SessionView
from app.pages.account.protection import AdviceView, ProtectionView
from app.pages.support.scope_views import ResourceView, ScopeView
from app.pages.support.view_models import ClientView, SupportView, UserView
from app.schemas.detail_sentences import Part
from app.schemas.operations import Welcome
from app.security.qr_codes import png_base64
from tests.browser.account_states import ACCOUNT_STATES, PLACES
from tests.browser.console_states import CONSOLE_STATES
from tests.browser.factor_states import factor_states
from tests.browser.federation_states import federation_states
from tests.browser.mail_states import mail_states
from tests.browser.passkey_states import passkey_states

LONG = "Bundesamt für außerordentlich lange Namen und Donaudampfschifffahrtsgesellschaften"
LONG_ADDRESS = f"{'very-long-name-' * 4}x@{'very-long-label.' * 5}example.com"
UNBROKEN = "an_extraordinarily_long_user_name_without_a_single_space_in_it_64"
WHEN = datetime(2026, 11, 25, 9, 41, tzinfo=UTC)
URI = "otpauth://totp/Postern:ada?secret=JBSWY3DPEHPK3PXP&issuer=Postern"
SECRET = ["JBSW", "Y3DP", "EHPK", "3PXP", "JBSW", "Y3DP", "EHPK", "3PXP"]
WRONG_CODE = (
    "That code is wrong or has expired. Open your authenticator app and enter the current code."
)

ADA = UserView("Ada Lovelace", "ada", "AL", "s1")
BOB = UserView("bob", "bob", "B", "s2")
LONG_USER = UserView(LONG, UNBROKEN, "BD", "s3")
ARABIC = UserView("ليلى الأحمد", "layla", "لا", "s4")


def client(name: str = "Photo Album", **different: Any) -> ClientView:
    return ClientView(
        **{
            "name": name,
            "logo_url": None,
            "client_uri": None,
            "policy_uri": "https://photos.example.com/privacy",
            "tos_uri": "https://photos.example.com/terms",
            "return_host": "photos.example.com",
            "return_scheme": "",
            "is_verified": False,
            "is_loopback": False,
            "document_host": "",
            "document_place": "",
            **different,
        }
    )


PLAIN = client(policy_uri=None, tos_uri=None)
WITH_LOGO = client(logo_url="/clients/photos/logo", is_verified=True)
WITHOUT_PICTURE = client(logo_url="/clients/missing/logo")
LONG_CLIENT = client(LONG, return_host=f"{'very-long-label.' * 4}example.com", is_verified=True)
ON_THIS_COMPUTER = client(
    "Command Line", policy_uri=None, tos_uri=None, return_host="127.0.0.1:8912", is_loopback=True
)
AN_APP = client(
    "Phone App", policy_uri=None, tos_uri=None, return_host="", return_scheme="com.example.app"
)

FEW = [ScopeView("openid", "Your identity", False), ScopeView("profile", "Your name", False)]
MANY_SCOPES = [
    *FEW,
    ScopeView("email", "Your email address", True),
    ScopeView("address", "Your postal address", True),
    ScopeView("phone", "Your phone number", False),
    ScopeView("offline_access", "Your data, even while you're away", True),
    ScopeView("albums:read", "albums:read", True),
]
PEOPLE = [ADA, LONG_USER, ARABIC, BOB]
FORM: dict[str, Any] = {"request_id": "r", "csrf_token": "c", "errors": {}}
SIGN_IN = {
    **FORM,
    "client": PLAIN,
    "further": {},
    "username": "",
    "can_register": True,
    "register_url": "/create-account",
    "passkeys": "",
    "offers_passkey_first": False,
    "staying_days": 0,
    "stays_signed_in": False,
    "can_recover": True,
    "has_password": True,
    "has_new_password": False,
    "providers": [],
    "user": None,
    "switch_url": "/login?other=1",
    "recover_url": "/recover",
}
CODE = {
    **FORM,
    "client": PLAIN,
    "user": ADA,
    "further": {},
    "switch_url": "/login",
    "has_app": True,
    "passkeys": "",
    "offers_passkey_first": False,
    "recovery_url": "/login/recovery",
    "remember_days": 0,
}
ENROLL = {
    **CODE,
    "qr_code": png_base64(URI),
    "otp_uri": URI,
    "secret_groups": SECRET,
    "may_skip": False,
    "pending_email": None,
}
ACCOUNT = {
    **FORM,
    "client": PLAIN,
    "further": {},
    "username": "",
    "name": "",
    "email": "",
    "has_password": True,
    "login_url": "/login",
    "providers": [],
    "minimum_length": 8,
}
CONSENT = {
    **FORM,
    "client_fingerprint": "f",
    "client": WITH_LOGO,
    "user": ADA,
    "scopes": FEW,
    "resources": [],
    "details": [],
    "switch_url": "/login",
}
A_PAYMENT = [
    Part("Pay ", False),
    Part("123.50", True),
    Part(" ", False),
    Part("EUR", True),
    Part(" to ", False),
    Part("<b>Ada's</b> Shop", True),
]
LONG_VALUE = Part("https://scheme.example.com/" + "a-long-name" * 9, True)
NO_ACCESS = {
    **FORM,
    "client": WITH_LOGO,
    "user": ADA,
    "switch_url": "/login",
    "support": SupportView("help@example.com", "mailto:help@example.com"),
    "action": "/no-access",
    "fields": {},
    "leads_back": True,
}
DEVICE = {"csrf_token": "c", "errors": {}, "user_code": ""}
CONFIRM = {**CONSENT, "user_code": "WDJB-MJHT"}
LOGOUT: dict[str, Any] = {
    "client": None,
    "user": ADA,
    "csrf_token": "c",
    "hidden": {},
    "errors": {},
}
GONE: dict[str, Any] = {"client": None, "frames": [], "continue_url": None, "errors": {}}
FORM_POST: dict[str, Any] = {
    "action": "/",
    "host": "photos.example.com",
    "scheme": "",
    "fields": {"code": "x"},
    "errors": {},
}
ERROR: dict[str, Any] = {
    "heading": "This sign-in link doesn't work",
    "message": "The app asked to return to an address that isn't registered for it.",
    "advice": "The app sent a bad request. Send these details to whoever runs the app.",
    "details": "invalid_redirect_uri",
    "again": None,
    "errors": {},
    "request_id": "01936f3a7c2e7d0b",
}
CHROME = SessionView("1", "Chrome, Linux", "203.0.113.7", WHEN, True)
PHONE = SessionView("2", "Safari, iPhone", "2001:db8:85a3::8a2e:370:7334", WHEN, False)
UNKNOWN = SessionView("3", "", "198.51.100.20", WHEN, False)
ADDRESS_ADVICE = AdviceView(
    "Without an email address you can't set a new password if you forget yours, and we can't "
    "notify you of account activity.",
    "Add a recovery address",
    "/account/email",
)
PASSKEY_ADVICE = AdviceView(
    "Someone who learns your password can sign in as you.", "Add a passkey", "/account/passkeys"
)
UNVERIFIED_ADVICE = AdviceView(
    f"Your email address {LONG_ADDRESS} isn't confirmed yet. Until it is, you can't use it to set "
    "a new password, and we can't notify you of account activity.",
    "Confirm your email address",
    "/account/email",
)


def application_view(client_id: str, name: str, **changes: Any) -> ApplicationView:
    view = ApplicationView(
        client_id=client_id,
        name=name,
        host="",
        scopes=FEW,
        resources=[],
        granted_at=WHEN,
        last_used_at=None,
        last_used_from="",
        delegations=[],
        is_agent=False,
    )
    return replace(view, **changes)


PROTECTED = ProtectionView(
    "Your account is protected by a passkey and an authenticator app", True, []
)
ACCOUNT_PAGE = {
    "user": ADA,
    "protection": PROTECTED,
    "console_url": "",
    "csrf_token": "c",
    "errors": {},
    "sections": [
        SectionView("profile", "Profile", LONG),
        SectionView("password", "Password", "Set"),
        SectionView("activity", "Account activity", ""),
    ],
    "sessions": [CHROME, PHONE, UNKNOWN],
    "applications": [
        application_view("1", "Photo Album", scopes=MANY_SCOPES, last_used_at=WHEN),
        application_view("2", LONG),
    ],
    "agents": [
        application_view("3", "Claude Code", host="claude.ai", is_agent=True),
        application_view(
            "4",
            LONG,
            host="agent.example.com/" + UNBROKEN,
            resources=[ResourceView(LONG, "https://api.example.com", MANY_SCOPES, is_new=False)],
            last_used_at=WHEN,
            delegations=[DelegationView(LONG, ["Reports", LONG])],
            last_used_from="2001:0db8:85a3:ffff:ffff:ffff:ffff:7334",
            is_agent=True,
        ),
    ],
}
CALLS = {
    "token": "POST /token",
    "register_user": "POST /register_user",
    "authorize": "GET /authorize",
}
WELCOME = Welcome(message="", version="1.0", documentation="/docs", endpoints=CALLS)

ALL: dict[str, tuple[str, Mapping[str, Any]]] = {
    "login": ("login.html", SIGN_IN),
    "login-own": (
        "login.html",
        {**SIGN_IN, "client": None, "request_id": "", "can_register": False},
    ),
    "login-logo": ("login.html", {**SIGN_IN, "client": WITH_LOGO, "username": "ada"}),
    "login-broken-logo": ("login.html", {**SIGN_IN, "client": WITHOUT_PICTURE}),
    "login-wrong": (
        "login.html",
        {**SIGN_IN, "username": "ada", "errors": {"": "Wrong username or password."}},
    ),
    "login-again": ("login.html", {**SIGN_IN, "username": "ada", "user": ADA}),
    "login-again-long": (
        "login.html",
        {**SIGN_IN, "client": LONG_CLIENT, "username": UNBROKEN, "user": LONG_USER},
    ),
    "login-empty": ("login.html", {**SIGN_IN, "errors": {"username": "Enter your username."}}),
    "login-impossible": (
        "login.html",
        {**SIGN_IN, "has_password": False, "can_recover": False, "can_register": False},
    ),
    "login-long": ("login.html", {**SIGN_IN, "client": LONG_CLIENT, "username": UNBROKEN}),
    "login-staying": ("login.html", {**SIGN_IN, "staying_days": 30}),
    "login-staying-one-day": (
        "login.html",
        {**SIGN_IN, "staying_days": 1, "stays_signed_in": True, "username": "ada"},
    ),
    "otp": ("otp.html", CODE),
    "otp-wrong": ("otp.html", {**CODE, "errors": {"code": WRONG_CODE}}),
    "otp-long": ("otp.html", {**CODE, "client": LONG_CLIENT, "user": LONG_USER}),
    "enroll": ("enroll.html", ENROLL),
    "enroll-optional": ("enroll.html", {**ENROLL, "may_skip": True}),
    "enroll-signed-up": ("enroll.html", {**ENROLL, "pending_email": LONG_ADDRESS}),
    "enroll-wrong": ("enroll.html", {**ENROLL, "errors": {"code": WRONG_CODE}}),
    "create-account": ("create_account.html", ACCOUNT),
    "create-account-wrong": (
        "create_account.html",
        {
            **ACCOUNT,
            "client": LONG_CLIENT,
            "username": "a b",
            "name": LONG,
            "email": "ada@",
            "errors": {
                "username": (
                    "A username can contain letters, digits and punctuation, but no spaces or "
                    "control characters."
                ),
                "email": "Enter an email address like name@example.com.",
                "password": "A password must have 8 to 256 characters.",
            },
        },
    ),
    "consent": ("consent.html", CONSENT),
    "consent-resource": (
        "consent.html",
        {
            **CONSENT,
            "client": PLAIN,
            "resources": [ResourceView("Photo API", "https://photos.example.com", FEW, True)],
        },
    ),
    "consent-details": (
        "consent.html",
        {**CONSENT, "client": PLAIN, "scopes": [], "details": [A_PAYMENT, [LONG_VALUE]]},
    ),
    "consent-more": ("consent.html", {**CONSENT, "client": PLAIN, "scopes": MANY_SCOPES}),
    "consent-long": (
        "consent.html",
        {**CONSENT, "client": LONG_CLIENT, "user": LONG_USER, "scopes": MANY_SCOPES},
    ),
    "consent-document": (
        "consent.html",
        {
            **CONSENT,
            "client": client(
                "Coding agent",
                policy_uri=None,
                tos_uri=None,
                return_host="127.0.0.1:51234",
                is_loopback=True,
                document_host="raw.githubusercontent.com",
                document_place=f"raw.githubusercontent.com/{UNBROKEN}/agent/main",
            ),
            "scopes": MANY_SCOPES,
            "resources": [ResourceView(LONG, "https://tools.example.com/mcp", FEW, False)],
        },
    ),
    "consent-app": ("consent.html", {**CONSENT, "client": AN_APP, "user": BOB}),
    "consent-loopback": ("consent.html", {**CONSENT, "client": ON_THIS_COMPUTER, "user": BOB}),
    "no-access": ("no_access.html", NO_ACCESS),
    "no-access-long": (
        "no_access.html",
        {**NO_ACCESS, "client": LONG_CLIENT, "user": LONG_USER, "support": None},
    ),
    "no-access-device": ("no_access.html", {**NO_ACCESS, "client": PLAIN, "leads_back": False}),
    "select-account": (
        "select_account.html",
        {**FORM, "client": PLAIN, "users": [ADA, BOB], "other_url": "/login?other=1"},
    ),
    "select-account-many": (
        "select_account.html",
        {**FORM, "client": LONG_CLIENT, "users": PEOPLE, "other_url": "/login?other=1"},
    ),
    "device": ("device.html", DEVICE),
    "device-wrong": (
        "device.html",
        {
            **DEVICE,
            "user_code": "BBBB-BBBB",
            "errors": {
                "user_code": (
                    "We don't recognise that code. Check it against the one on your device."
                )
            },
        },
    ),
    "device-confirm": (
        "device_confirm.html",
        {**CONFIRM, "client": client("Television", return_host="", tos_uri=None)},
    ),
    "device-done": ("device_done.html", {"is_allowed": True, "errors": {}}),
    "device-refused": ("device_done.html", {"is_allowed": False, "errors": {}}),
    "logout": ("logout.html", LOGOUT),
    "logout-asked": ("logout.html", {**LOGOUT, "client": WITH_LOGO}),
    "logged-out": ("logged_out.html", GONE),
    "logged-out-onwards": (
        "logged_out.html",
        {
            **GONE,
            "client": LONG_CLIENT,
            "frames": ["https://photos.example.com/frame"],
            "continue_url": "https://photos.example.com/",
        },
    ),
    "account": ("account.html", ACCOUNT_PAGE),
    "account-new": (
        "account.html",
        {**ACCOUNT_PAGE, "sessions": [CHROME], "applications": [], "agents": []},
    ),
    "account-no-address": (
        "account.html",
        {
            **ACCOUNT_PAGE,
            "protection": ProtectionView(
                "Your account is protected by an authenticator app", True, [ADDRESS_ADVICE]
            ),
        },
    ),
    "account-unverified": (
        "account.html",
        {
            **ACCOUNT_PAGE,
            "protection": ProtectionView(
                "Your account is protected by a password only",
                False,
                [PASSKEY_ADVICE, UNVERIFIED_ADVICE],
            ),
        },
    ),
    "account-administrator": ("account.html", {**ACCOUNT_PAGE, "console_url": "/admin"}),
    **ACCOUNT_STATES,
    **CONSOLE_STATES,
    **passkey_states(SIGN_IN, CODE, ENROLL),
    **factor_states(CODE, {**ENROLL, "confirmed_at": WHEN}, LONG_USER, WRONG_CODE),
    **federation_states(SIGN_IN, ACCOUNT),
    **mail_states(ADA, LONG_USER),
    "login-new-password": ("login.html", {**SIGN_IN, "has_new_password": True}),
    "error-way-back": (
        "error.html",
        {**ERROR, "back_url": "https://photos.example.com/", "back_name": "Photos"},
    ),
    "error-sign-out": ("error.html", {**ERROR, "user": ADA, "csrf_token": "c"}),
    "error-application": ("error.html", ERROR),
    "error-expired": (
        "error.html",
        {
            **ERROR,
            "heading": "This page has expired",
            "message": "It's from an earlier visit, or cookies are blocked for this site.",
            "advice": "",
            "details": "form_expired",
            "again": "/login",
        },
    ),
    "form-post": ("form_post.html", FORM_POST),
    "form-post-app": ("form_post.html", {**FORM_POST, "host": "", "scheme": "com.example.app"}),
    "welcome": ("welcome.html", {"welcome": WELCOME, "can_register": False, "errors": {}}),
    "welcome-sign-up": ("welcome.html", {"welcome": WELCOME, "can_register": True, "errors": {}}),
}
STATES = {
    name: (template, {"places": PLACES, **values} if template.startswith("account_") else values)
    for name, (template, values) in ALL.items()
}
"""With the navigation on the pages that have it."""
NOT_DRAWN = {
    *("base.html", "account_base.html", "parts.html", "docs.html", "docs_redirect.html"),
    *("admin_base.html", "admin_parts.html"),
}
"""Docs is Swagger UI, which has looks of its own; nobody sees the page that it returns through."""
