"""JWTs of trusted issuers that are bound to a key (RFC 7800), and proofs beside assertions."""

from typing import Any

import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import JWT
from app.oauth.grants.jwt_bearer import JWT_BEARER
from tests.protocol.exchanges import Fleet, new_fleet
from tests.support.administration import id_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import make
from tests.support.dpop import Prover, prover
from tests.support.exchange import exchange_form
from tests.support.mutual_tls import behind_proxy, presenting
from tests.support.trusted_issuers import Workload, new_workload, workload_client

APP_SETTINGS = behind_proxy(None)
OWN, OTHER = make("CN=own"), make("CN=other")


@pytest.fixture
def key(app: Application) -> Prover:
    return prover(app)


@pytest.fixture
def thief(app: Application) -> Prover:
    return prover(app, name="a thief's")


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await workload_client(app)


@pytest_asyncio.fixture
async def workload(app: Application, service: TestClient) -> Workload:
    return await new_workload(app, client_id=service.client_id, scopes=["profile"])


def bearing(assertion: str) -> dict[str, str]:
    return {"grant_type": JWT_BEARER, "assertion": assertion}


async def test_a_proof_beside_an_assertion_binds_the_token_and_counts_once(
    app: Application, service: TestClient, workload: Workload, key: Prover
) -> None:
    """RFC 9449 section 5; SECURITY_BAR row 38"""
    proof = key.proof()

    first = await key.token(None, proof=proof, **bearing(workload.assertion()))
    replayed = await key.token(None, proof=proof, **bearing(workload.assertion()))

    assert first.json()["token_type"] == "DPoP"
    shown = await app.introspect(service, first.json()["access_token"])
    assert shown["cnf"] == {"jkt": key.jkt}
    assert_oauth_error(replayed, "invalid_dpop_proof")


@pytest.mark.parametrize("authenticates", [False, True])
async def test_a_bound_assertion_is_presented_by_the_holder_of_its_key(
    app: Application,
    service: TestClient,
    workload: Workload,
    key: Prover,
    thief: Prover,
    authenticates: bool,
) -> None:
    """RFC 7800 section 3: whoever stole the assertion gets no bearer token; SECURITY_BAR row 38"""
    form = bearing(workload.assertion(cnf={"jkt": key.jkt}))
    client = service if authenticates else None

    without = await app.token(client, **form)
    by_thief = await thief.token(client, **form)
    by_holder = await key.token(client, **form)

    assert_oauth_error(without, "invalid_grant")
    assert_oauth_error(by_thief, "invalid_grant")
    assert by_holder.json()["token_type"] == "DPoP"


async def test_an_assertion_that_is_bound_to_a_certificate_requires_it(app: Application) -> None:
    """RFC 8705 section 3.1: and the new token is bound, too"""
    bound = await workload_client(app, tls_client_certificate_bound_access_tokens=True)
    unbound = await workload_client(app)
    forms = [
        bearing(
            (await new_workload(app, client_id=client.client_id, scopes=["profile"])).assertion(
                cnf={"x5t#S256": OWN.thumbprint}
            )
        )
        for client in (bound, unbound)
    ]

    async with presenting(app, OWN) as own, presenting(app, OTHER) as other:
        by_other = await other.token(None, **forms[0])
        by_own = await own.token(None, **forms[0])
        not_bound = await own.token(None, **forms[1])

    assert_oauth_error(by_other, "invalid_grant")
    assert by_own.status_code == 200, by_own.text
    assert_oauth_error(not_bound, "invalid_grant")


async def test_a_client_with_a_certificate_presents_the_jwt_of_a_user(
    app: Application, user: TestUser
) -> None:
    """RFC 7523 section 2.1, RFC 8705 section 2: the certificate is its authentication"""
    client = await workload_client(
        app,
        token_endpoint_auth_method="self_signed_tls_client_auth",
        jwks={"keys": [OWN.jwk_with_certificate]},
    )
    row = await new_workload(
        app, user_id=await id_of(app, user), presenters=[client.client_id], scopes=["profile"]
    )
    form = {**bearing(row.assertion()), "client_id": client.client_id}

    async with presenting(app, OWN) as own, presenting(app, OTHER) as other:
        accepted = await own.token(None, **form)
        of_another = await other.token(None, **form)
    without = await app.token(None, **form)

    assert accepted.status_code == 200, accepted.text
    for refused in (of_another, without):
        assert_oauth_error(refused, "invalid_client", status=401)


async def test_a_workload_with_a_certificate_of_its_own_proves_its_client(
    app: Application, service: TestClient, workload: Workload
) -> None:
    """A certificate does not authenticate a client that registered another method"""
    form = {**bearing(workload.assertion()), "client_id": service.client_id}

    async with presenting(app, OWN) as own:
        response = await own.token(None, **form)

    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "cnf",
    ["x", [], {}, {"jkt": 7}, {"jkt": "short"}, {"jwk": {}}, {"kid": "one"}],
    ids=str,
)
async def test_a_confirmation_that_cannot_be_verified_is_refused(
    workload: Workload, key: Prover, cnf: Any
) -> None:
    """RFC 7800 section 3.1: not ignored, or a bound token would become a bearer token"""
    response = await key.token(None, **bearing(workload.assertion(cnf=cnf)))

    assert_oauth_error(response, "invalid_grant")


async def test_a_bound_jwt_of_a_trusted_issuer_is_exchanged_for_a_bound_token(
    app: Application, user: TestUser, key: Prover
) -> None:
    """SECURITY_BAR rows 38 and 40: the key of the subject is not asked for, but one of the
    service is"""
    fleet = await new_fleet(app, user)
    subject = await _workload_of(fleet)
    form = exchange_form(
        subject.assertion(cnf={"jkt": prover(app, name="workload").jkt}),
        subject_token_type=JWT,
        resource=fleet.middle.identifier,
    )

    as_bearer = await app.token(fleet.front.client, **form)
    bound = await key.token(fleet.front.client, **form)

    assert_oauth_error(as_bearer, "invalid_request")
    assert bound.json()["token_type"] == "DPoP"


async def test_a_service_that_acts_by_a_bound_jwt_proves_its_key(
    app: Application, user: TestUser, key: Prover, thief: Prover
) -> None:
    """SECURITY_BAR row 38"""
    fleet = await new_fleet(app, user)
    actor = await _workload_of(fleet)
    form = exchange_form(
        await fleet.subject(),
        resource=fleet.middle.identifier,
        actor_token=actor.assertion(cnf={"jkt": key.jkt}),
        actor_token_type=JWT,
    )

    without = await app.token(fleet.front.client, **form)
    by_thief = await thief.token(fleet.front.client, **form)
    by_holder = await key.token(fleet.front.client, **form)

    assert_oauth_error(without, "invalid_request")
    assert_oauth_error(by_thief, "invalid_request")
    assert by_holder.json()["token_type"] == "DPoP"


async def _workload_of(fleet: Fleet) -> Workload:
    """Return a workload that stands for the front service."""
    await fleet.front.may_call_without_actor(fleet.middle)
    return await new_workload(
        fleet.app,
        client_id=fleet.front.client_id,
        scopes=["read"],
        resources=[fleet.middle.resource.name],
    )
