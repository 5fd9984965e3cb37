"""Client metadata and server metadata about certificates (RFC 8705 sections 2, 3.3, 3.4 and 5)."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import SUBJECT, authority, make
from tests.support.parts import services_of

METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
ENDPOINTS = (
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "pushed_authorization_request_endpoint",
    "device_authorization_endpoint",
)
BOUND = "tls_client_certificate_bound_access_tokens"


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    file = tmp_path / "authorities.pem"
    file.write_text(authority().pem)
    return file


@pytest.fixture
async def app(start_app: AppFactory, ca_file: Path) -> Application:
    return await start_app(**by_header(ca_file))


def by_header(ca_file: Path | None) -> dict[str, Any]:
    return {
        "trusted_proxies": ("127.0.0.1",),
        "mtls_header_format": "rfc9440",
        "mtls_ca_file": ca_file,
    }


async def register(app: Application, **metadata: Any) -> httpx.Response:
    body = {"redirect_uris": ["https://app.example.com/callback"], **metadata}
    return await app.http.post("/register", json=body)


async def metadata_of(app: Application) -> dict[str, Any]:
    members: dict[str, Any] = (await app.http.get("/.well-known/oauth-authorization-server")).json()
    return members


async def test_a_client_registers_its_subject(app: Application) -> None:
    """RFC 8705 section 2.1.2"""
    response = await register(
        app,
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn=SUBJECT,
        **{BOUND: True},
    )

    assert response.status_code == 201, response.text
    assert response.json()["tls_client_auth_subject_dn"] == SUBJECT
    assert response.json()[BOUND] is True
    assert "client_secret" not in response.json()


@pytest.mark.parametrize(
    "subjects",
    [
        {},
        {"tls_client_auth_subject_dn": SUBJECT, "tls_client_auth_san_dns": "api.example.com"},
        {"tls_client_auth_san_ip": "192.0.2.1", "tls_client_auth_san_email": "a@example.com"},
    ],
)
async def test_exactly_one_subject_is_required(app: Application, subjects: dict[str, str]) -> None:
    """RFC 8705 section 2.1.2"""
    response = await register(app, token_endpoint_auth_method="tls_client_auth", **subjects)

    assert_oauth_error(response, "invalid_client_metadata")
    created = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name(),
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "tls_client_auth",
            **subjects,
        },
    )
    assert created.status_code == 422
    assert created.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("tls_client_auth_subject_dn", "api"),
        ("tls_client_auth_subject_dn", "CN=a, O=b"),
        ("tls_client_auth_subject_dn", "nonsense=a"),
        ("tls_client_auth_subject_dn", "CN=a,,O=b"),
        ("tls_client_auth_san_dns", "not a host"),
        ("tls_client_auth_san_dns", "ü.example"),
        ("tls_client_auth_san_uri", "api"),
        ("tls_client_auth_san_ip", "192.0.2"),
        ("tls_client_auth_san_ip", "192.0.2.0/24"),
        ("tls_client_auth_san_email", "example.com"),
    ],
)
async def test_a_malformed_subject_is_refused(app: Application, member: str, value: str) -> None:
    """RFC 8705 section 2.1.2; RFC 4514"""
    response = await register(app, token_endpoint_auth_method="tls_client_auth", **{member: value})

    assert_oauth_error(response, "invalid_client_metadata")
    assert member in response.json()["error_description"]


@pytest.mark.parametrize(
    "subject",
    [
        r"CN=Doe\, Jane,O=Example",
        "emailAddress=api@example.com,CN=api",
        "1.2.840.113549.1.9.1=api@example.com,CN=api",
        "CN=api+OU=machines,DC=example,DC=com",
        r"CN=J\C3\BCrgen",
    ],
)
async def test_every_form_of_rfc_4514_is_accepted(app: Application, subject: str) -> None:
    """RFC 4514 sections 2 and 3"""
    response = await register(
        app, token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=subject
    )

    assert response.status_code == 201, response.text


async def test_a_self_signed_client_needs_keys(app: Application) -> None:
    """RFC 8705 section 2.2.2"""
    method = {"token_endpoint_auth_method": "self_signed_tls_client_auth"}

    assert_oauth_error(await register(app, **method), "invalid_client_metadata")
    with_keys = await register(app, **method, jwks={"keys": [make("CN=x").jwk_with_certificate]})
    assert with_keys.status_code == 201, with_keys.text


async def test_another_subject_ends_the_trust_of_an_administrator(app: Application) -> None:
    """RFC 7592 section 2.2: an administrator reviewed the subject"""
    metadata = {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": SUBJECT,
    }
    client = (await register(app, **metadata)).json()
    service = services_of(app).clients.clients
    await services_of(app).clients.administration.set_trust(
        client["client_id"], "verified", authority=FULL
    )
    headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
    changed = {
        "client_id": client["client_id"],
        "redirect_uris": client["redirect_uris"],
        **metadata,
        "tls_client_auth_subject_dn": "CN=another",
    }

    response = await app.http.put(f"/register/{client['client_id']}", json=changed, headers=headers)

    assert response.status_code == 200, response.text
    assert response.json()["tls_client_auth_subject_dn"] == "CN=another"
    assert (await service.get(client["client_id"])).trust == "none"


async def test_the_metadata_of_a_server_without_certificates_names_nothing(
    start_app: AppFactory,
) -> None:
    """RFC 8705 sections 3.3 and 5"""
    app = await start_app()
    members = await metadata_of(app)

    assert not set(METHODS) & set(members["token_endpoint_auth_methods_supported"])
    assert BOUND not in members
    assert "mtls_endpoint_aliases" not in members
    for method in METHODS:
        response = await register(
            app,
            token_endpoint_auth_method=method,
            tls_client_auth_subject_dn=SUBJECT,
            jwks={"keys": [make("CN=x").jwk]},
        )
        assert_oauth_error(response, "invalid_client_metadata")
    assert_oauth_error(await register(app, **{BOUND: True}), "invalid_client_metadata")


async def test_without_authorities_only_self_signed_certificates_are_offered(
    start_app: AppFactory,
) -> None:
    """RFC 8705 section 2"""
    members = await metadata_of(await start_app(**by_header(None)))

    for endpoint in ("token", "introspection", "revocation"):
        offered = set(members[f"{endpoint}_endpoint_auth_methods_supported"])
        assert offered & set(METHODS) == {"self_signed_tls_client_auth"}
    assert members[BOUND] is True


async def test_with_authorities_both_methods_are_offered(app: Application) -> None:
    """RFC 8705 sections 2 and 3.3"""
    members = await metadata_of(app)

    assert set(METHODS) <= set(members["token_endpoint_auth_methods_supported"])
    assert "mtls_endpoint_aliases" not in members


@pytest.mark.parametrize("issuer", ["https://login.example.com", "https://login.example.com:8443"])
async def test_a_port_of_our_own_is_named_in_the_aliases_and_serves_one_method(
    start_app: AppFactory, ca_file: Path, issuer: str
) -> None:
    """RFC 8705 section 5"""
    app = await start_app(
        issuer=issuer,
        mtls_port=5443,
        mtls_ca_file=ca_file,
        tls_cert_file=ca_file,
        tls_key_file=ca_file,
    )

    members = await metadata_of(app)

    aliases = members["mtls_endpoint_aliases"]
    assert set(aliases) == set(ENDPOINTS)
    for name in ENDPOINTS:
        path = members[name].removeprefix(issuer)
        assert aliases[name] == f"https://login.example.com:5443{path}"
    offered = set(members["token_endpoint_auth_methods_supported"])
    assert offered & set(METHODS) == {"tls_client_auth"}


async def test_the_url_of_a_proxy_is_named_in_the_aliases(
    start_app: AppFactory, ca_file: Path
) -> None:
    """RFC 8705 section 5"""
    app = await start_app(**by_header(ca_file), mtls_url="https://mtls.example.com/")

    aliases = (await metadata_of(app))["mtls_endpoint_aliases"]

    assert aliases["token_endpoint"] == "https://mtls.example.com/token"
