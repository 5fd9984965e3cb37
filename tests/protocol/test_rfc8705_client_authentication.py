"""Client authentication by certificate (RFC 8705 section 2), forwarded by a trusted proxy."""

import base64
import datetime
import ipaddress
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import (
    BEGIN,
    END,
    SUBJECT,
    Identity,
    PrivateKey,
    authority,
    make,
    signed,
)
from tests.support.client_jwts import jwks, signing_key
from tests.support.mutual_tls import behind_proxy
from tests.support.waiting import within

ROOT = authority()
OTHER_ROOT = authority("CN=Another authority")
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
VERSION_3 = bytes.fromhex("a003020102")
PKI, SELF_SIGNED = "tls_client_auth", "self_signed_tls_client_auth"


@pytest.fixture
async def app(start_app: AppFactory, tmp_path: Path) -> Application:
    return await start_app(**behind_proxy(tmp_path, ROOT))


async def pki_client(app: Application, **subject: str) -> TestClient:
    return await app.create_client(
        token_endpoint_auth_method=PKI,
        grant_types=["client_credentials"],
        **(subject or {"tls_client_auth_subject_dn": SUBJECT}),
    )


async def self_signed_client(app: Application, *keys: dict[str, Any]) -> TestClient:
    return await app.create_client(
        token_endpoint_auth_method=SELF_SIGNED,
        grant_types=["client_credentials"],
        jwks={"keys": list(keys)},
    )


async def token(
    app: Application, client: TestClient, identity: Identity | None, *chain: Identity, **form: str
) -> httpx.Response:
    headers = {"client-cert": identity.rfc9440} if identity is not None else {}
    if chain:
        headers["client-cert-chain"] = ", ".join(each.rfc9440 for each in chain)
    form = {"grant_type": "client_credentials", "client_id": client.client_id, **form}
    return await app.http.post("/token", data=form, headers=headers)


def assert_refused(response: httpx.Response) -> None:
    assert_oauth_error(response, "invalid_client", status=401)


async def test_a_certificate_of_the_authority_with_the_subject_is_accepted(
    app: Application,
) -> None:
    """RFC 8705 section 2.1"""
    client = await pki_client(app)

    response = await token(app, client, ROOT.issue())

    assert response.status_code == 200, response.text
    assert client.client_secret == ""


async def test_a_self_made_certificate_with_the_right_subject_is_refused(app: Application) -> None:
    """RFC 8705 section 2.1: a proxy with `optional_no_ca` passes everything on"""
    client = await pki_client(app)

    assert_refused(await token(app, client, make(SUBJECT)))
    assert_refused(await token(app, client, OTHER_ROOT.issue(), OTHER_ROOT))
    same_name = authority(ROOT.certificate.subject.rfc4514_string())
    assert_refused(await token(app, client, same_name.issue(), same_name))


async def test_a_certificate_with_another_subject_is_refused(app: Application) -> None:
    """RFC 8705 section 2.1.2"""
    client = await pki_client(app)

    for subject in ("CN=api", "O=Example,CN=api", "CN=API,O=Example", "CN=api+O=Example"):
        assert_refused(await token(app, client, ROOT.issue(subject)))


async def test_the_certificate_of_another_client_is_refused(app: Application) -> None:
    """RFC 8705 section 2.1"""
    client, other = (
        await pki_client(app),
        await pki_client(app, tls_client_auth_san_dns="b.example"),
    )
    of_other = ROOT.issue("CN=b", names=[x509.DNSName("b.example")])

    assert (await token(app, other, of_other)).status_code == 200
    assert_refused(await token(app, client, of_other))


@pytest.mark.parametrize(
    "options",
    [
        {"usages": (ExtendedKeyUsageOID.SERVER_AUTH,)},
        {"usages": None},
        {"end": BEGIN + datetime.timedelta(days=1)},
        {"begin": END - datetime.timedelta(days=1)},
        {
            "further": [
                (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)
            ]
        },
    ],
    ids=["server", "no usage", "expired", "not yet valid", "critical extension"],
)
async def test_a_certificate_that_is_not_valid_for_clients_now_is_refused(
    app: Application, options: dict[str, Any]
) -> None:
    """RFC 5280 section 6; RFC 8705 section 2.1"""
    client = await pki_client(app)

    assert_refused(await token(app, client, ROOT.issue(**options)))


async def test_the_server_s_clock_decides_whether_a_certificate_is_valid(app: Application) -> None:
    """RFC 5280 section 6.1.3"""
    client, now = await pki_client(app), app.clock.now()
    identity = ROOT.issue(end=now + datetime.timedelta(seconds=60))

    assert (await token(app, client, identity)).status_code == 200
    app.clock.advance(seconds=61)
    assert_refused(await token(app, client, identity))


async def test_intermediates_come_from_the_chain_header(app: Application) -> None:
    """RFC 9440 section 2.3"""
    client = await pki_client(app)
    intermediate = ROOT.issue("CN=Intermediate", is_authority=True)
    identity = intermediate.issue()

    assert (await token(app, client, identity, intermediate)).status_code == 200
    assert (await token(app, client, identity, intermediate, ROOT)).status_code == 200
    assert_refused(await token(app, client, identity))
    assert_refused(await token(app, client, identity, OTHER_ROOT))


async def test_only_authorities_may_issue(app: Application) -> None:
    """RFC 5280 section 6.1.4: a client is not an authority"""
    client = await pki_client(app)
    other_client = ROOT.issue("CN=other")
    may_not_sign = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    not_signing = ROOT.issue("CN=ca", is_authority=True, further=[(may_not_sign, True)])

    assert_refused(await token(app, client, other_client.issue(), other_client))
    assert_refused(await token(app, client, not_signing.issue(), not_signing))


async def test_intermediates_of_one_name_do_not_multiply_the_work(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 12: eight that could each have issued each other make 8^8 paths"""
    client, key = await pki_client(app), authority("CN=Same")
    monkeypatch.setattr(ec, "generate_private_key", lambda curve: key.key)
    chain = [authority("CN=Same") for _ in range(8)]

    async with within(5):
        assert_refused(await token(app, client, chain[0].issue(), *chain))


async def test_an_intermediate_may_be_trusted_without_its_root(
    start_app: AppFactory, tmp_path: Path
) -> None:
    intermediate = ROOT.issue("CN=Intermediate", is_authority=True)
    app = await start_app(**behind_proxy(tmp_path, OTHER_ROOT, intermediate))
    client = await pki_client(app)

    assert (await token(app, client, intermediate.issue())).status_code == 200
    assert_refused(await token(app, client, ROOT.issue()))


NAMES: list[x509.GeneralName] = [
    x509.DNSName("api.example.com"),
    x509.UniformResourceIdentifier("spiffe://example.com/api"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
    x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    x509.RFC822Name("api@example.com"),
]


@pytest.mark.parametrize(
    ("member", "right", "wrong"),
    [
        ("tls_client_auth_san_dns", "API.example.com", "example.com"),
        ("tls_client_auth_san_uri", "spiffe://example.com/api", "spiffe://example.com/API"),
        ("tls_client_auth_san_ip", "192.0.2.7", "192.0.2.8"),
        ("tls_client_auth_san_ip", "2001:0db8:0:0:0:0:0:7", "2001:db8::8"),
        ("tls_client_auth_san_email", "api@EXAMPLE.com", "API@example.com"),
        ("tls_client_auth_subject_dn", "CN=api,O=Example", "CN=api.example.com"),
    ],
)
async def test_each_kind_of_subject_is_compared_with_its_own_names(
    app: Application, member: str, right: str, wrong: str
) -> None:
    """RFC 8705 section 2.1.2"""
    identity = ROOT.issue(names=NAMES)

    assert (await token(app, await pki_client(app, **{member: right}), identity)).status_code == 200
    assert_refused(await token(app, await pki_client(app, **{member: wrong}), identity))


async def test_a_wildcard_in_a_certificate_is_no_pattern(app: Application) -> None:
    """RFC 8705 section 7.3"""
    client = await pki_client(app, tls_client_auth_san_dns="api.example.com")

    wildcard = ROOT.issue(names=[x509.DNSName("*.example.com")])

    assert_refused(await token(app, client, wildcard))


async def test_a_request_without_a_certificate_is_refused(app: Application) -> None:
    """RFC 8705 section 2"""
    for client in (await pki_client(app), await self_signed_client(app, make(SUBJECT).jwk)):
        assert_refused(await token(app, client, None))
        assert_refused(await token(app, client, None, client_secret="anything"))


async def test_the_client_id_is_required(app: Application) -> None:
    """RFC 8705 section 2"""
    response = await app.http.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers={"client-cert": ROOT.issue().rfc9440},
    )

    assert_refused(response)


async def test_a_certificate_does_not_replace_a_secret(app: Application) -> None:
    """RFC 8705 section 2: the registered method decides"""
    client = await app.create_client(grant_types=["client_credentials"])

    assert_refused(await token(app, client, ROOT.issue()))
    with_secret = await token(app, client, ROOT.issue(), client_secret=client.client_secret)
    assert with_secret.status_code == 200


async def test_the_registered_method_decides_between_the_two(app: Application) -> None:
    """RFC 8705 section 2"""
    self_made, issued = make(SUBJECT), ROOT.issue()
    by_key = await self_signed_client(app, self_made.jwk_with_certificate)
    by_subject = await pki_client(app)

    assert_refused(await token(app, by_subject, self_made))
    assert_refused(await token(app, by_key, issued))


@pytest.mark.parametrize("member", ["jwk", "jwk_with_certificate"])
async def test_a_self_signed_certificate_among_the_keys_is_accepted(
    app: Application, member: str
) -> None:
    """RFC 8705 section 2.2"""
    identity = make("CN=whatever")
    other = make("CN=whatever")
    client = await self_signed_client(app, getattr(other, member), getattr(identity, member))

    assert (await token(app, client, identity)).status_code == 200
    assert (await token(app, client, other)).status_code == 200
    assert_refused(await token(app, client, make("CN=whatever")))


async def test_a_key_with_a_certificate_stands_for_that_certificate_only(app: Application) -> None:
    """RFC 8705 section 2.2.2: another certificate for the same key is not registered"""
    identity, other = make("CN=one"), make("CN=two")
    client = await self_signed_client(app, {**identity.jwk, "x5c": [other.base64, identity.base64]})

    assert_refused(await token(app, client, identity))


async def test_an_expired_self_signed_certificate_is_refused(app: Application) -> None:
    identity = make("CN=old", end=BEGIN + datetime.timedelta(days=1))
    client = await self_signed_client(app, identity.jwk_with_certificate)

    assert_refused(await token(app, client, identity))


async def test_a_certificate_of_another_version_is_refused(app: Application) -> None:
    """RFC 5280 section 4.1.2.1: a stranger can make one, and a proxy passes it on"""
    own = make(SUBJECT)
    end = own.der.index(VERSION_3) + len(VERSION_3)
    version_2 = own.der[: end - 1] + b"\x01" + own.der[end:]
    header = f":{base64.b64encode(version_2).decode()}:"
    pki, self_signed = await pki_client(app), await self_signed_client(app, own.jwk)

    for client, headers in (
        (pki, {"client-cert": header}),
        (pki, {"client-cert": ROOT.issue().rfc9440, "client-cert-chain": header}),
        (self_signed, {"client-cert": header}),
    ):
        form = {"grant_type": "client_credentials", "client_id": client.client_id}
        assert_refused(await app.http.post("/token", data=form, headers=headers))


async def test_a_certificate_of_the_year_0_is_refused(app: Application) -> None:
    """A stranger can make one, and no date of ours can hold it"""
    own = make(SUBJECT, begin=datetime.datetime(2060, 1, 1, tzinfo=datetime.UTC))
    year_0 = own.der.replace(b"20600101000000Z", b"00000101000000Z")
    headers = {"client-cert": f":{base64.b64encode(year_0).decode()}:"}

    for client in (await pki_client(app), await self_signed_client(app, own.jwk)):
        form = {"grant_type": "client_credentials", "client_id": client.client_id}
        assert_refused(await app.http.post("/token", data=form, headers=headers))


@pytest.mark.parametrize(
    ("registered", "readable", "unreadable"),
    [
        ("tls_client_auth_subject_dn", b"\x0c\x03api", b"\x0c\x03\xff\xff\xff"),
        ("tls_client_auth_subject_dn", b"\x0c\x03api", b"\x03\x03\x00pi"),
        ("tls_client_auth_san_dns", b"\x88\x03\x2a\x03\x04", b"\xa3\x03\x2a\x03\x04"),
    ],
    ids=["not UTF-8", "bits", "x400Address"],
)
async def test_a_name_that_cannot_be_read_is_refused(
    app: Application, registered: str, readable: bytes, unreadable: bytes
) -> None:
    """RFC 5280 section 4.2.1.6: also if the authority signed it"""
    value = SUBJECT if registered.endswith("_dn") else "api.example"
    client = await pki_client(app, **{registered: value})
    names = [x509.DNSName("api.example"), x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4"))]
    content = ROOT.issue(names=names).certificate.tbs_certificate_bytes
    assert readable in content

    for each, status in ((content, 200), (content.replace(readable, unreadable), 401)):
        der = base64.b64encode(signed(each, issuer=ROOT)).decode()
        form = {"grant_type": "client_credentials", "client_id": client.client_id}
        headers = {"client-cert": f":{der}:"}
        response = await app.http.post("/token", data=form, headers=headers)
        assert response.status_code == status, response.text


@pytest.mark.parametrize(
    ("kind", "is_accepted"),
    [(2048, True), (1024, False), (ec.SECP384R1(), True), (ec.SECP192R1(), False)],
    ids=["RSA 2048", "RSA 1024", "P-384", "P-192"],
)
async def test_a_certificate_with_a_short_key_is_refused(
    app: Application, kind: int | ec.EllipticCurve, is_accepted: bool
) -> None:
    """FAPI 2.0 section 5.4.1; RFC 7518 section 3.3: also if it was registered"""
    key: PrivateKey
    if isinstance(kind, int):
        key = rsa.generate_private_key(65_537, kind)
    else:
        key = ec.generate_private_key(kind)
    issued, own = ROOT.issue(key=key), make("CN=own", key=key)
    registered = {**make("CN=other").jwk, "x5c": [own.base64]}
    pki, self_signed = await pki_client(app), await self_signed_client(app, registered)

    for client, identity in ((pki, issued), (self_signed, own)):
        response = await token(app, client, identity)
        assert response.status_code == (200 if is_accepted else 401), response.text


async def test_keys_of_other_kinds_are_passed_over(app: Application) -> None:
    identity = make("CN=one")
    client = await self_signed_client(
        app,
        {"kty": "unknown"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": 1},
        {"kty": "EC", "x5c": "text"},
        {"kty": "EC", "x5c": [7]},
        {"kty": "EC", "x5c": ["???"]},
        *jwks(signing_key("RS256"), signing_key("EdDSA"))["keys"],
        identity.jwk,
    )

    assert (await token(app, client, identity)).status_code == 200


async def test_other_endpoints_authenticate_clients_in_the_same_way(app: Application) -> None:
    """RFC 8705 section 2"""
    client, identity = await pki_client(app), ROOT.issue()
    access_token = (await token(app, client, identity)).json()["access_token"]
    form = {"token": access_token, "client_id": client.client_id}

    right = await app.http.post("/introspect", data=form, headers={"client-cert": identity.rfc9440})
    wrong = await app.http.post(
        "/introspect", data=form, headers={"client-cert": make(SUBJECT).rfc9440}
    )

    assert right.json()["active"] is True
    assert_refused(wrong)


async def test_the_slow_lane_reads_the_certificate_too(
    start_app: AppFactory, tmp_path: Path
) -> None:
    app = await start_app(**behind_proxy(tmp_path, ROOT), fast_lane=False)

    assert (await token(app, await pki_client(app), ROOT.issue())).status_code == 200


async def test_failures_count_towards_the_limit_of_the_client(
    start_app: AppFactory, tmp_path: Path
) -> None:
    """SECURITY_BAR row 50"""
    app = await start_app(**behind_proxy(tmp_path, ROOT), token_error_limit=3)
    client = await pki_client(app)

    answers = [await token(app, client, make(SUBJECT)) for _ in range(4)]

    assert [each.status_code for each in answers] == [401, 401, 401, 429]
