"""Tokens bound to a key and to a certificate (RFC 9449, RFC 8705): both are required."""

from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import signing_client
from tests.support.administration import set_policies
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import make
from tests.support.client_jwts import signing_key
from tests.support.dpop import Prover, hashed
from tests.support.mutual_tls import behind_proxy, presenting

APP_SETTINGS = behind_proxy(None)
OWN, OTHER = make("CN=own"), make("CN=other")
BOUND = {"tls_client_certificate_bound_access_tokens": True}


async def test_a_token_of_both_requires_both(app: Application) -> None:
    """RFC 8705 section 3; RFC 9449 section 7; SECURITY_BAR row 38"""
    client = await app.create_client(**BOUND)
    async with presenting(app, OWN) as own, presenting(app, OTHER) as other:
        prover = Prover(own, signing_key())
        response = await prover.token(client, grant_type="client_credentials")
        assert response.status_code == 200, response.text
        token = response.json()["access_token"]

        answer = await app.introspect(client, token)
        assert answer["cnf"] == {"x5t#S256": OWN.thumbprint, "jkt": prover.jkt}
        for caller, status in ((own, 200), (other, 401), (app, 401)):
            headers = {
                "Authorization": f"DPoP {token}",
                "DPoP": prover.proof("GET", "/profile", ath=hashed(token)),
            }
            shown = await caller.http.get("/profile", headers=headers)
            assert shown.status_code == status, shown.text
        assert (await own.profile(token)).status_code == 401


async def test_a_proof_does_not_replace_the_certificate(app: Application) -> None:
    """RFC 8705 section 3.4"""
    client = await app.create_client(**BOUND)

    response = await Prover(app, signing_key()).token(client, grant_type="client_credentials")

    assert_oauth_error(response, "invalid_request")


async def test_a_proof_may_name_the_alias_of_the_endpoint(start_app: AppFactory) -> None:
    """RFC 8705 section 5; RFC 9449 section 4.3"""
    app = await start_app(**behind_proxy(None), mtls_url="https://mtls.example.com:8443")
    client = await app.create_client()
    prover = Prover(app, signing_key())

    async def status_for(htu: str) -> int:
        proof = prover.proof(htu=htu)
        answer = await prover.token(client, proof=proof, grant_type="client_credentials")
        return answer.status_code

    assert await status_for("https://mtls.example.com:8443/token") == 200
    assert await status_for(f"{app.settings.issuer_url}/token") == 200
    assert await status_for("https://mtls.example.com/token") == 400


async def test_an_assertion_may_name_the_alias_of_the_endpoint(start_app: AppFactory) -> None:
    """RFC 8705 section 5; RFC 7523 section 3; SECURITY_BAR row 37"""
    app = await start_app(**behind_proxy(None), mtls_url="https://mtls.example.com:8443")
    signer = await signing_client(app, grant_types=["client_credentials"])
    issuer, alias = app.settings.issuer_url, "https://mtls.example.com:8443"
    audiences = {
        f"{alias}/token": 200,
        f"{alias}/par": 200,
        f"{issuer}/token": 200,
        alias: 401,
        f"{alias}/introspect": 401,
        "https://mtls.example.com/token": 401,
    }

    statuses = {
        audience: (await signer.token(signer.assertion(aud=audience))).status_code
        for audience in audiences
    }
    both = await signer.token(signer.assertion(aud=[issuer, f"{alias}/token"]))
    await set_policies(app, TestClient(signer.client_id, ""), profile="fapi2")
    of_profile = await signer.token(signer.assertion(aud=f"{alias}/token"))

    assert statuses == audiences
    assert both.status_code == 200
    assert_oauth_error(of_profile, "invalid_client", status=401)
