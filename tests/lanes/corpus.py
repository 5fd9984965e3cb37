"""One corpus of good and bad requests for both lanes."""

import base64
from collections.abc import Iterator

from tests.lanes.requests import (
    FORM,
    Case,
    Sent,
    about_a_token,
    authorized,
    basic,
    bearer,
    form,
    of_a_client,
    plain,
    with_a_body,
    with_a_token,
)

METADATA = "/.well-known/oauth-authorization-server"
OPENID_CONFIGURATION = "/.well-known/openid-configuration"
FORM_PATHS = ("/token", "/introspect", "/revoke", "/par", "/device_authorization")
REGISTERED_ORIGIN = "http://localhost:3000"
CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}
BAD_CREDENTIALS: dict[str, bytes | str] = {
    "a wrong secret": basic("somebody", "wrong"),
    "credentials that are no base64": "Basic !!!",
    "credentials without a colon": "Basic " + base64.b64encode(b"nocolon").decode(),
    "credentials that are no UTF-8": "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    "another scheme": "Digest x",
    "non-ASCII credentials": b"Basic \xff\xfe",
    "empty credentials": "",
}
BODIES: dict[str, tuple[str | None, bytes]] = {
    "an oversize body": (FORM, b"grant_type=client_credentials&x=" + b"x" * 70_000),
    "a body of nearly the largest size": (FORM, b"grant_type=password&x=" + b"x" * 65_000),
    "a repeated parameter": (FORM, b"grant_type=a&grant_type=a"),
    "too many parameters": (FORM, b"&".join(b"p%d=1" % each for each in range(1000))),
    "a parameter that is no UTF-8": (FORM, b"grant_type=%ff"),
    "a NUL": (FORM, b"grant_type=client_credentials&scope=%00"),
    "a lone surrogate": (FORM, b"grant_type=client_credentials&scope=%ed%a0%80"),
    "bytes that are no form": (FORM, bytes(range(256))),
    "JSON": ("application/json", b'{"grant_type": "client_credentials"}'),
    "a multipart body": ("multipart/form-data; boundary=x", b"--x--"),
    "no content type": (None, b"grant_type=client_credentials"),
    "a content type with a charset": (f"{FORM}; charset=UTF-8", b"grant_type=password"),
    "a content type in capitals": (FORM.upper(), b"grant_type=password"),
    "no body": (FORM, b""),
    "neither body nor type": (None, b""),
}


def cases() -> Iterator[Case]:
    yield from token_requests()
    yield from ways_to_authenticate()
    yield from introspection_and_revocation()
    yield from profile_requests()
    yield from openid_requests()
    yield from paths()
    yield from methods()
    yield from bodies()


def token_requests() -> Iterator[Case]:
    for name, values in {
        "client credentials": CLIENT_CREDENTIALS,
        "a narrowed scope": {**CLIENT_CREDENTIALS, "scope": "profile"},
        "a scope too wide": {**CLIENT_CREDENTIALS, "scope": "admin"},
        "a parameter nobody knows": {**CLIENT_CREDENTIALS, "colour": "blue"},
        "no grant type": {},
        "an empty grant type": {"grant_type": ""},
        "an unknown grant": {"grant_type": "urn:example:grant"},
        "a grant not to be had here": {"grant_type": "authorization_code", "code": "x"},
        "password without its parameters": {"grant_type": "password"},
        "an unknown person": {"grant_type": "password", "username": "x", "password": "x" * 10},
        "refresh without a token": {"grant_type": "refresh_token"},
        "an unknown refresh token": {"grant_type": "refresh_token", "refresh_token": "nonsense"},
    }.items():
        yield of_a_client(name, "/token", **values)
    yield Case(
        "password",
        lambda t: form(
            "/token", authorized(t), grant_type="password", username=t.username, password=t.password
        ),
    )
    yield Case(
        "refresh",
        lambda t: form(
            "/token", authorized(t), grant_type="refresh_token", refresh_token=t.refresh_token
        ),
    )
    yield Case(
        "refresh with a used token",
        lambda t: form(
            "/token", authorized(t), grant_type="refresh_token", refresh_token=t.used_refresh_token
        ),
    )


def ways_to_authenticate() -> Iterator[Case]:
    yield Case(
        "the secret in the form",
        lambda t: form(
            "/token", client_id=t.client_id, client_secret=t.client_secret, **CLIENT_CREDENTIALS
        ),
    )
    yield Case(
        "two methods at once",
        lambda t: form(
            "/token", authorized(t), client_secret=t.client_secret, **CLIENT_CREDENTIALS
        ),
    )
    yield Case(
        "credentials twice",
        lambda t: form("/token", authorized(t), authorized(t), **CLIENT_CREDENTIALS),
    )
    yield Case("no credentials", lambda _: form("/token", **CLIENT_CREDENTIALS))
    for name, value in BAD_CREDENTIALS.items():
        yield Case(
            name,
            lambda _, value=value: form("/token", ("authorization", value), **CLIENT_CREDENTIALS),
        )
    yield of_a_client(
        "a browser's application", "/token", ("origin", REGISTERED_ORIGIN), **CLIENT_CREDENTIALS
    )
    yield of_a_client("a header nobody knows", "/token", ("x-colour", "blue"), **CLIENT_CREDENTIALS)
    yield of_a_client(
        "two content types", "/token", ("content-type", "application/json"), **CLIENT_CREDENTIALS
    )


def introspection_and_revocation() -> Iterator[Case]:
    for path in ("/introspect", "/revoke"):
        for attribute in ("machine_token", "access_token", "refresh_token", "revoked_token"):
            yield about_a_token(path, attribute)
        yield of_a_client(f"{path} an unknown token", path, token="nonsense")
        yield of_a_client(f"{path} no token", path)
        yield Case(f"{path} no credentials", lambda t, path=path: form(path, token=t.access_token))


def profile_requests() -> Iterator[Case]:
    for attribute in ("machine_token", "access_token", "refresh_token", "revoked_token"):
        yield with_a_token(f"profile with {attribute}", attribute)
    yield with_a_token("profile with some query", "machine_token", "/profile?fields=all")
    yield plain("profile without a token", "GET", "/profile")
    for name, value in {
        "another scheme": "Basic eDp5",
        "nothing after the scheme": "Bearer",
        "a non-ASCII token": b"Bearer \xe4\xf6\xfc",
        "a very long token": "Bearer " + "x" * 20_000,
    }.items():
        yield plain(f"profile with {name}", "GET", "/profile", ("authorization", value))
    yield Case(
        "profile with a token in the query",
        lambda t: Sent("GET", f"/profile?access_token={t.machine_token}"),
    )
    yield Case(
        "profile with two tokens",
        lambda t: Sent(
            "GET", f"/profile?access_token={t.machine_token}", (bearer(t.machine_token),)
        ),
    )
    yield Case(
        "profile with the header twice",
        lambda t: Sent("GET", "/profile", (bearer(t.machine_token),) * 2),
    )


def paths() -> Iterator[Case]:
    """SECURITY_BAR row 45"""
    for path in (
        METADATA,
        f"{METADATA}?x=1",
        "/health/live",
        "/health/ready",
        "/nowhere",
        "/token/",
        "//token",
        "/TOKEN",
        "/profile/",
        "/%74oken",
        "/token%2f",
        "/introspect/..",
        "/qr_code/somebody",
    ):
        yield plain(f"GET {path}", "GET", path)
    for path in ("/token/", "//token", "/TOKEN", "/%74oken", "/nowhere"):
        yield of_a_client(f"POST {path}", path, **CLIENT_CREDENTIALS)
    yield plain("metadata for another origin", "GET", METADATA, ("origin", "https://app.example"))
    yield plain(
        "metadata with a host of the caller's choice",
        "GET",
        METADATA,
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
    )


def openid_requests() -> Iterator[Case]:
    for attribute in ("access_token", "machine_token", "refresh_token", "revoked_token"):
        yield with_a_token(f"/userinfo {attribute}", attribute, "/userinfo")
        yield Case(
            f"/userinfo {attribute} in a form",
            lambda tokens, attribute=attribute: form(
                "/userinfo", access_token=getattr(tokens, attribute)
            ),
        )
    yield with_a_token("/userinfo in the query", "access_token", "/userinfo?access_token=x")
    code = {"response_type": "code", "redirect_uri": "http://localhost:3000/callback"}
    yield of_a_client("a pushed request", "/par", **code)
    yield of_a_client("a pushed request for another address", "/par", response_type="code",
                      redirect_uri="https://evil.example/")  # fmt: skip
    yield of_a_client("a pushed request within another", "/par", **code, request_uri="urn:x")
    yield of_a_client("an unknown code", "/token", grant_type="authorization_code", code="x")
    yield of_a_client("a device that may not", "/device_authorization")


def methods() -> Iterator[Case]:
    for path in (*FORM_PATHS, "/profile", "/userinfo", "/jwks", METADATA, OPENID_CONFIGURATION):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST", "TRACE"):
            yield plain(f"{method} {path} and no more", method, path)
        for origin in ("https://app.example", REGISTERED_ORIGIN):
            yield plain(
                f"preflight {path} of {origin}",
                "OPTIONS",
                path,
                ("origin", origin),
                ("access-control-request-method", "POST"),
            )


def bodies() -> Iterator[Case]:
    """SECURITY_BAR row 12"""
    for path in FORM_PATHS:
        for name, (content_type, body) in BODIES.items():
            yield with_a_body(path, name, content_type, body)
    for path in ("/profile", METADATA):
        yield with_a_token(f"{path} with a body", "machine_token", path, b"a body")
        yield with_a_token(f"{path} with an oversize body", "machine_token", path, b"x" * 70_000)
