"""The pages of the client of `postern demo --browser`, in English like the command line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from app.cli.demo_client import SignIn
from app.security.qr_codes import png_base64

TIMES = frozenset({"iat", "exp", "auth_time", "updated_at"})
"""Claims that are seconds since 1970."""
WAITING = "…"
"""Shown instead of a code for the seconds until there is one that has not been used."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """The credentials of the user, which the first page shows."""

    username: str
    password: str
    otp_uri: str


def start_page(user: DemoUser, *, code: str | None) -> str:
    """Return the page with the credentials and the link that begins the sign-in."""
    return _document(
        "Try Postern",
        f"""
<h1>Try Postern</h1>
<p>This is a small app that signs users in with Postern. Keep this tab open: you need the values
below on the sign-in page.</p>
<p class="quiet" data-code aria-live="polite">A security code is valid once. Reload this page for
the current one.</p>
<dl class="endpoints">
{_value("Username", user.username, "username")}
{_value("Password", user.password, "password")}
{_value("Security code", code or WAITING, "code")}
</dl>
<p><a class="button" href="/sign-in" target="_blank" rel="noopener">Sign in with Postern</a></p>
<details>
  <summary>Use your own authenticator app instead</summary>
  <p>Scan this code with it. It belongs to the user above, and is deleted with the demo.</p>
  <img class="qr" src="data:image/png;base64,{png_base64(user.otp_uri)}"
    alt="QR code for your authenticator app">
</details>""",
        script="/demo.js",
    )


def result_page(signed_in: SignIn, *, account_url: str) -> str:
    """Return the page with what the app knows about the user after the sign-in."""
    name = signed_in.userinfo.get("name") or signed_in.claims["sub"]
    tokens = {key: value for key, value in signed_in.tokens.items() if key != "id_token"}
    address, _, query = signed_in.authorization_url.partition("?")
    parameters = dict(parse_qsl(query))
    return _document(
        "Signed in",
        f"""
<div class="tile done" aria-hidden="true"></div>
<h1>Signed in as <bdi>{escape(str(name))}</bdi></h1>
<p>Postern sent the browser back with a code, and this app redeemed it. It got these values.</p>
<h2>ID token</h2>
<p class="notice good">The signature is valid, and the token was issued to this app for this
sign-in.</p>
{_values({**signed_in.header, **signed_in.claims})}
<h2>UserInfo</h2>
{_values(signed_in.userinfo)}
<h2>Tokens</h2>
{_values(tokens)}
<details>
  <summary>Show the requests</summary>
  <p>1. The browser was sent to <code>{escape(address)}</code> with:</p>
  {_values(parameters)}
  <p>2. It came back to this app with a code, which the app posted to
  <code>{escape(signed_in.token_endpoint)}</code> with the verifier that belongs to
  <code>code_challenge</code>.</p>
  <p>3. The app verified the ID token with the keys of the server, and asked UserInfo with the
  access token.</p>
</details>
<p class="ways">
  <a href="{escape(account_url)}">See your account</a>
  <a href="/sign-out">Sign out</a>
</p>""",
    )


def error_page(message: str) -> str:
    return _document(
        "The sign-in failed",
        f"""
<div class="tile wrong" aria-hidden="true"></div>
<h1>The sign-in failed</h1>
<p role="alert">{escape(message)}</p>
<p><a class="button" href="/">Start again</a></p>""",
    )


def _value(label: str, value: str, name: str) -> str:
    return f"""<div><dt>{label}</dt><dd><code id="{name}">{escape(value)}</code>
<button class="plain" type="button" hidden data-copy="{name}" data-other="Copied"
  aria-live="polite" aria-label="Copy: {label}">Copy</button></dd></div>"""


def _values(values: Mapping[str, Any]) -> str:
    """Return a list of names and values; texts as they are, others as JSON."""
    rows = "\n".join(
        f"<div><dt>{escape(name)}</dt><dd><code>{escape(_shown(name, value))}</code></dd></div>"
        for name, value in values.items()
    )
    return f'<dl class="endpoints">\n{rows}\n</dl>'


def _shown(name: str, value: Any) -> str:
    if name in TIMES and isinstance(value, int):
        return f"{value} ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _document(title: str, content: str, *, script: str = "") -> str:
    own_script = f'<script src="{script}" defer></script>' if script else ""
    return f"""<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} &ndash; Postern demo</title>
<link rel="stylesheet" href="/postern.css">
<script src="/postern.js" defer></script>
{own_script}
</head>
<body>
<main class="card wide">{content}
</main>
<footer class="foot"><span>Postern demo</span></footer>
</body>
</html>
"""
