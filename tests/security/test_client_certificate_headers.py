"""The header with a client certificate is believed only from a direct peer in TRUSTED_PROXIES."""

import base64
from typing import Any

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.callers import calling_from
from tests.support.certificates import Identity, make

DATABASES = ("sqlite",)
PROXY, STRANGER = "10.9.8.7", "203.0.113.50"
FORMATS = {"rfc9440": "rfc9440", "nginx": "escaped", "haproxy": "base64"}
OWN = make("CN=client")
METHOD = "self_signed_tls_client_auth"


def forwarded(identity: Identity, form: str) -> str:
    value: str = getattr(identity, FORMATS[form])
    return value


async def behind_a_proxy(
    start_app: AppFactory, form: str = "rfc9440", **further: Any
) -> Application:
    return await start_app(trusted_proxies=(PROXY,), mtls_header_format=form, **further)


async def token(app: Application, headers: Any, *, peer: str = PROXY) -> httpx.Response:
    """Request a token by the certificate in the headers."""
    client = await app.create_client(
        token_endpoint_auth_method=METHOD,
        grant_types=["client_credentials"],
        jwks={"keys": [OWN.jwk_with_certificate]},
    )
    form = {"grant_type": "client_credentials", "client_id": client.client_id}
    async with calling_from(app, peer) as caller:
        return await caller.http.post("/token", data=form, headers=headers)


@pytest.mark.parametrize("form", FORMATS)
async def test_a_trusted_proxy_forwards_the_certificate(start_app: AppFactory, form: str) -> None:
    """RFC 8705 section 2.2; RFC 9440 section 2.2"""
    app = await behind_a_proxy(start_app, form)

    response = await token(app, {"client-cert": forwarded(OWN, form)})

    assert response.status_code == 200, response.text


async def test_the_header_has_the_name_of_the_setting(start_app: AppFactory) -> None:
    app = await behind_a_proxy(start_app, "nginx", mtls_header="ssl-client-cert")

    assert (await token(app, {"ssl-client-cert": OWN.escaped})).status_code == 200
    assert_oauth_error(await token(app, {"client-cert": OWN.escaped}), "invalid_client", status=401)


@pytest.mark.parametrize("form", FORMATS)
async def test_the_header_of_a_stranger_ends_the_request(start_app: AppFactory, form: str) -> None:
    """RFC 9440 section 4: a certificate header from a stranger"""
    app = await behind_a_proxy(start_app, form)
    headers = {"client-cert": forwarded(OWN, form), "x-forwarded-for": PROXY}

    assert_oauth_error(await token(app, headers, peer=STRANGER), "invalid_request")


@pytest.mark.parametrize("path", ["/health/live", "/login", "/jwks", "/profile", "/nowhere"])
async def test_the_header_of_a_stranger_is_refused_at_every_path(
    start_app: AppFactory, path: str
) -> None:
    """RFC 9440 section 4"""
    app = await behind_a_proxy(start_app)

    async with calling_from(app, STRANGER) as stranger:
        for name in ("client-cert", "client-cert-chain"):
            response = await stranger.http.get(path, headers={name: OWN.rfc9440})
            assert response.status_code == 400, (path, name)


async def test_a_stranger_cannot_become_the_proxy_by_the_forwarded_address(
    start_app: AppFactory,
) -> None:
    """RFC 9440 section 4: only the direct peer counts, not the address that it forwards"""
    app = await behind_a_proxy(start_app)

    async with calling_from(app, STRANGER) as stranger:
        response = await stranger.http.get(
            "/jwks", headers={"client-cert": OWN.rfc9440, "x-forwarded-for": PROXY}
        )

    assert_problem(response, 400, "invalid_request")


@pytest.mark.parametrize("form", FORMATS)
async def test_a_repeated_header_ends_the_request(start_app: AppFactory, form: str) -> None:
    """RFC 9440 section 4: a certificate header twice"""
    app = await behind_a_proxy(start_app, form)
    value = forwarded(OWN, form)
    other = forwarded(make("CN=another"), form)

    for second in (value, other, ""):
        headers = [("client-cert", value), ("client-cert", second)]
        assert_oauth_error(await token(app, headers), "invalid_request")


async def test_a_repeated_chain_ends_the_request(start_app: AppFactory) -> None:
    app = await behind_a_proxy(start_app)
    headers = [("client-cert", OWN.rfc9440), *[("client-cert-chain", OWN.rfc9440)] * 2]

    assert_oauth_error(await token(app, headers), "invalid_request")


MALFORMED = {
    "rfc9440": ["x", ":", "::", OWN.base64, OWN.escaped, ":%%%:", f"{OWN.rfc9440}, {OWN.rfc9440}"],
    "nginx": ["x", OWN.base64, OWN.rfc9440, OWN.escaped[:-10], "%ff%fe", OWN.escaped + OWN.escaped],
    "haproxy": ["x", "====", OWN.rfc9440, OWN.escaped, base64.b64encode(b"\0" * 20_000).decode()],
}


@pytest.mark.parametrize(
    ("form", "value"), [(form, value) for form, values in MALFORMED.items() for value in values]
)
async def test_a_malformed_header_ends_the_request(
    start_app: AppFactory, form: str, value: str
) -> None:
    """RFC 9440 section 2.2: and the formats of other proxies are not guessed"""
    app = await behind_a_proxy(start_app, form)

    assert_oauth_error(await token(app, {"client-cert": value}), "invalid_request")


async def test_bytes_that_are_no_certificate_authenticate_nobody(start_app: AppFactory) -> None:
    app = await behind_a_proxy(start_app, "haproxy")

    response = await token(app, {"client-cert": base64.b64encode(b"not a certificate").decode()})

    assert_oauth_error(response, "invalid_client", status=401)


async def test_an_empty_header_means_no_certificate(start_app: AppFactory) -> None:
    """HAProxy sets an empty header for a connection without a certificate."""
    app = await behind_a_proxy(start_app, "haproxy")

    async with calling_from(app, PROXY) as proxy:
        assert (await proxy.http.get("/jwks", headers={"client-cert": ""})).status_code == 200
    assert_oauth_error(await token(app, {"client-cert": ""}), "invalid_client", status=401)


async def test_a_chain_that_is_too_long_ends_the_request(start_app: AppFactory) -> None:
    app = await behind_a_proxy(start_app)
    headers = {"client-cert": OWN.rfc9440, "client-cert-chain": ", ".join([OWN.rfc9440] * 9)}

    assert_oauth_error(await token(app, headers), "invalid_request")


async def test_without_the_setting_no_certificate_is_read(start_app: AppFactory) -> None:
    """RFC 9440 section 4: the metadata offers nothing, and the header has no effect"""
    app = await start_app(trusted_proxies=(PROXY,))
    client = await app.create_client()

    async with calling_from(app, PROXY) as proxy:
        response = await proxy.http.post(
            "/token",
            data={"grant_type": "client_credentials", "client_id": client.client_id},
            headers={"client-cert": OWN.rfc9440},
        )

    assert_oauth_error(response, "invalid_client", status=401)
