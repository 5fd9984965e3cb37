"""DPoP proofs (RFC 9449 section 4.3): each check of a proof at the token endpoint."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import encoded, signed_with_the_public_key, signing_key, unsigned
from tests.support.dpop import Prover, prover
from tests.support.refusals import recorded_refusals

Forge = Callable[[Prover], str]


@pytest.fixture
def key(app: Application) -> Prover:
    return prover(app)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256", "RS256"])
async def test_a_proof_binds_the_token_to_its_key(
    app: Application, client: TestClient, algorithm: str
) -> None:
    """RFC 9449 section 5"""
    key = prover(app, algorithm)

    response = await key.client_credentials(client)

    assert response.status_code == 200, response.text
    assert response.json()["token_type"] == "DPoP"
    answer = await app.introspect(client, response.json()["access_token"])
    assert answer["token_type"] == "DPoP"
    assert answer["cnf"] == {"jkt": key.jkt}


async def test_the_full_name_of_ed25519_is_accepted(app: Application, client: TestClient) -> None:
    """RFC 9864 section 2.2"""
    key = prover(app, "EdDSA")

    response = await key.client_credentials(
        client, proof=key.sign(key.claims("POST", "/token"), alg="Ed25519")
    )

    assert response.json()["token_type"] == "DPoP"


async def test_a_request_without_a_proof_gets_a_bearer_token(
    app: Application, client: TestClient
) -> None:
    response = await app.client_credentials(client)

    assert response.json()["token_type"] == "Bearer"
    answer = await app.introspect(client, response.json()["access_token"])
    assert answer["token_type"] == "Bearer"
    assert "cnf" not in answer


@pytest.mark.parametrize("seconds", [-60, 60])
async def test_a_clock_may_be_a_minute_off(key: Prover, client: TestClient, seconds: int) -> None:
    """RFC 9449 section 11.1"""
    iat = int(key.app.clock.now().timestamp()) + seconds

    response = await key.client_credentials(client, proof=key.proof(iat=iat))

    assert response.status_code == 200, response.text


@pytest.mark.parametrize("seconds", [-3600, 10, 60])
async def test_nbf_may_be_a_minute_ahead(key: Prover, client: TestClient, seconds: int) -> None:
    """RFC 7519 section 4.1.5; FAPI 2.0 section 5.3.2.1"""
    nbf = int(key.app.clock.now().timestamp()) + seconds

    response = await key.client_credentials(client, proof=key.proof(nbf=nbf))

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "htu",
    ["{issuer}/token?a=b#c", "{issuer}/%74oken", "{upper}/token", "{issuer}/x/../token"],
)
async def test_equivalent_urls_are_accepted(key: Prover, client: TestClient, htu: str) -> None:
    """RFC 9449 section 4.3: without query and fragment, after normalisation"""
    issuer = key.app.settings.issuer_url

    response = await key.client_credentials(
        client, proof=key.proof(htu=htu.format(issuer=issuer, upper=issuer.upper()))
    )

    assert response.status_code == 200, response.text


async def test_unknown_claims_and_members_are_ignored(key: Prover, client: TestClient) -> None:
    """RFC 7519 section 4"""
    jwk = {**key.jwk, "kid": "mine", "use": "sig", "alg": "ES256", "x5t": "x", "own": [1]}
    proof = key.sign(key.claims("POST", "/token", ath="x", own={"a": 1}), jwk=jwk, own="x")

    response = await key.client_credentials(client, proof=proof)

    answer = await key.app.introspect(client, response.json()["access_token"])
    assert answer["cnf"] == {"jkt": key.jkt}


def _header(**members: Any) -> Forge:
    return lambda key: key.sign(key.claims("POST", "/token"), **members)


def _claims(**changes: Any) -> Forge:
    return lambda key: key.proof(**changes)


def _jwk(change: Callable[[dict[str, Any]], Any]) -> Forge:
    return lambda key: key.sign(key.claims("POST", "/token"), jwk=change(dict(key.jwk)))


def _at(seconds: float) -> Forge:
    return lambda key: key.proof(iat=key.app.clock.now().timestamp() + seconds)


def _not_before(seconds: float) -> Forge:
    return lambda key: key.proof(nbf=key.app.clock.now().timestamp() + seconds)


def _with_hmac(key: Prover) -> str:
    """The public key as the secret of HS256 (RFC 8725 section 2.1)."""
    secret = json.dumps(key.jwk).encode()
    return signed_with_the_public_key(key.key, key.claims("POST", "/token"), secret)


def _with_a_secret_in_the_header(key: Prover) -> str:
    return key.sign(
        key.claims("POST", "/token"), alg="HS256", jwk={"kty": "oct", "k": encoded("secret" * 8)}
    )


def _signed_by_another(key: Prover) -> str:
    return signing_key(name="a thief's").sign(
        key.claims("POST", "/token"), kid=None, typ="dpop+jwt", jwk=key.jwk
    )


def _changed_after_signing(key: Prover) -> str:
    header, _, signature = key.proof().split(".")
    return f"{header}.{encoded(key.claims('POST', '/token'))}.{signature}"


def _with_padding_in_a_coordinate(jwk: dict[str, Any]) -> dict[str, Any]:
    return {**jwk, "x": jwk["x"] + "="}


def _with_other_trailing_bits(jwk: dict[str, Any]) -> dict[str, Any]:
    """The same key in an encoding with another thumbprint: the last two bits are unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(jwk["x"][-1]) + 1]
    changed = {**jwk, "x": jwk["x"][:-1] + last}
    assert _bytes(changed["x"]) == _bytes(jwk["x"])
    return changed


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


FORGED: dict[str, Forge] = {
    "empty": lambda _: " ",
    "no JWT": lambda _: "proof",
    "two parts": lambda key: key.proof().rpartition(".")[0],
    "four parts": lambda key: f"{key.proof()}.x",
    "two proofs in one header": lambda key: f"{key.proof()}, {key.proof()}",
    "white space inside": lambda key: key.proof().replace(".", ". ", 1),
    "too long": _claims(own="x" * 4096),
    "a payload that is a list": lambda key: key.sign([1]),
    "a payload that is no JSON": lambda key: key.sign("no JSON"),
    "a payload that is nested": lambda key: key.sign("[" * 900 + "]" * 900),
    "no typ": _header(typ=None),
    "typ JWT": _header(typ="JWT"),
    "typ of an access token": _header(typ="at+jwt"),
    "no alg": _header(alg=None),
    "alg none": lambda key: unsigned(key.claims("POST", "/token"), typ="dpop+jwt", jwk=key.jwk),
    "alg none, with a signature": _header(alg="none"),
    "alg of another key": _header(alg="RS256"),
    "alg that is not a string": _header(alg=["ES256"]),
    "HS256 with the public key": _with_hmac,
    "a symmetric key": _with_a_secret_in_the_header,
    "a private key": lambda key: key.sign(
        key.claims("POST", "/token"), jwk=key.key.key.as_dict(private=True)
    ),
    "no jwk": _header(jwk=None),
    "a jwk that is a list": _header(jwk=["x"]),
    "a jwk of another curve": lambda key: signing_key("ES384").sign(
        key.claims("POST", "/token"),
        kid=None,
        typ="dpop+jwt",
        jwk=signing_key("ES384").key.as_dict(private=False),
    ),
    "a jwk for encryption": _jwk(lambda jwk: {**jwk, "use": "enc"}),
    "a jwk for another algorithm": _jwk(lambda jwk: {**jwk, "alg": "HS256"}),
    "a jwk without y": _jwk(lambda jwk: {**jwk, "y": None}),
    "a jwk that is not on the curve": _jwk(lambda jwk: {**jwk, "y": jwk["x"]}),
    "a jwk with padding": _jwk(_with_padding_in_a_coordinate),
    "a jwk in another encoding": _jwk(_with_other_trailing_bits),
    "a jwk of another client": _signed_by_another,
    "crit": _header(crit=["exp"], exp=1),
    "b64": _header(b64=False),
    "jku": _header(jku="https://evil.example/jwks"),
    "x5c": _header(x5c=["x"]),
    "changed after signing": _changed_after_signing,
    "no jti": _claims(jti=None),
    "an empty jti": _claims(jti=""),
    "a jti that is a number": _claims(jti=1),
    "a jti that is too long": _claims(jti="x" * 257),
    "no htm": _claims(htm=None),
    "htm of another method": _claims(htm="GET"),
    "htm in lower case": _claims(htm="post"),
    "no htu": _claims(htu=None),
    "htu that is a list": _claims(htu=["http://localhost/token"]),
    "htu of another endpoint": lambda key: key.proof(path="/par"),
    "htu of another server": _claims(htu="https://evil.example/token"),
    "htu without a host": _claims(htu="/token"),
    "no iat": _claims(iat=None),
    "iat that is text": _claims(iat="1700000000"),
    "iat that is a boolean": _claims(iat=True),
    "iat beyond all time": _claims(iat=10**20),
    "iat of 61 seconds ago": _at(-61),
    "iat 61 seconds ahead": _at(61),
    "nbf 61 seconds ahead": _not_before(61),
    "nbf that is text": _claims(nbf="1700000000"),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_proof_that_is_not_valid_is_refused(
    key: Prover, client: TestClient, name: str
) -> None:
    """SECURITY_BAR rows 35 and 38; RFC 9449 sections 4.3 and 5"""
    response = await key.client_credentials(client, proof=FORGED[name](key))

    assert_oauth_error(response, "invalid_dpop_proof")
    assert "DPoP proof" in response.json()["error_description"]


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
async def test_a_short_rsa_key_is_refused(
    app: Application, client: TestClient, algorithm: str
) -> None:
    """RFC 7518 section 3.3"""
    key = Prover(app, signing_key(algorithm, "short", bits=1024))

    assert_oauth_error(await key.client_credentials(client), "invalid_dpop_proof")


async def test_a_costly_rsa_key_is_refused_before_it_is_used(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 38: a modulus of 8,192 bits, and an exponent of 100"""
    key = prover(app, "RS256")
    long_modulus = encoded_bytes(b"\xff" * 1024)
    long_exponent = encoded_bytes(b"\xff" * 13)

    for change in ({"n": long_modulus}, {"e": long_exponent}, {"n": encoded_bytes(b"\0\xff")}):
        proof = key.sign(key.claims("POST", "/token"), jwk={**key.jwk, **change})
        assert_oauth_error(await key.client_credentials(client, proof=proof), "invalid_dpop_proof")


async def test_two_headers_are_refused(key: Prover, client: TestClient) -> None:
    """RFC 9449 section 4.3: not more than one DPoP header"""
    proof = key.proof()
    twice = await key.app.http.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers=[("DPoP", proof), ("DPoP", key.proof())],
        auth=client.auth,
    )

    assert_oauth_error(twice, "invalid_dpop_proof")
    assert (await key.client_credentials(client, proof=proof)).status_code == 200


async def test_the_host_header_does_not_matter(key: Prover, client: TestClient) -> None:
    """SECURITY_BAR row 33: a proof for another server is of no use here, whatever Host says"""
    for_another = key.proof(htu="http://evil.example/token")

    response = await key.app.http.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers={"DPoP": for_another, "Host": "evil.example", "X-Forwarded-Host": "evil.example"},
        auth=client.auth,
    )

    assert_oauth_error(response, "invalid_dpop_proof")


async def test_a_client_can_require_bound_tokens(app: Application) -> None:
    """RFC 9449 section 5.2: dpop_bound_access_tokens; SECURITY_BAR row 38: downgrade"""
    client = await app.create_client(dpop_bound_access_tokens=True)
    key = prover(app)

    without = await app.client_credentials(client)
    with_proof = await key.client_credentials(client)

    assert_oauth_error(without, "invalid_dpop_proof")
    assert with_proof.json()["token_type"] == "DPoP"


async def test_a_registered_client_can_require_bound_tokens(app: Application) -> None:
    """RFC 9449 section 5.2, RFC 7591"""
    registered = await app.http.post(
        "/register",
        json={
            "redirect_uris": ["http://localhost:3000/callback"],
            "dpop_bound_access_tokens": True,
        },
    )

    assert registered.status_code == 201
    assert registered.json()["dpop_bound_access_tokens"] is True


async def test_the_metadata_names_the_algorithms(app: Application) -> None:
    """RFC 9449 section 5.1"""
    metadata = (await app.http.get("/.well-known/oauth-authorization-server")).json()

    assert metadata["dpop_signing_alg_values_supported"] == [
        *("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
    ]


async def test_the_documentation_describes_the_header(app: Application) -> None:
    paths = (await app.http.get("/openapi.json")).json()["paths"]

    for path, method in (
        *(("/token", "post"), ("/par", "post"), ("/profile", "get")),
        *(("/userinfo", "get"), ("/userinfo", "post")),
    ):
        names = [each["name"] for each in paths[path][method]["parameters"]]
        assert names == ["DPoP"], path


async def test_a_refused_proof_is_explained_in_the_log_only(
    key: Prover, client: TestClient
) -> None:
    """STYLE_GUIDE: Errors"""
    with recorded_refusals() as records:
        response = await key.client_credentials(client, proof=key.proof(htm="GET"))

    assert "htm" not in response.text
    assert "htm is not the method" in records.one(response.headers["x-request-id"]).reason


def encoded_bytes(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
