"""A grant of somebody else's: declared in a class, it works everywhere, and fails closed."""

from typing import Any, Literal

import pytest
import pytest_asyncio

from app.clock import Clock
from app.errors import PosternError
from app.oauth.errors import InvalidGrantError
from app.oauth.grants import GRANTS
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.issuer import TokenIssuer
from app.oauth.requests import TokenRequest
from app.oauth.token_grants import TokenGrant
from app.schemas.tokens import TokenResponse
from app.wiring import build_services
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.clock import FakeClock
from tests.support.parts import settings_for

VOUCHER = "urn:example:params:oauth:grant-type:voucher"
FLAGS = {
    "requires_user": False,
    "is_for_public_clients": False,
    "allows_open_registration": False,
    "has_limits_of_its_own": False,
    "can_prove_client": False,
}


class VoucherParameters(GrantParameters):
    """Token request with a voucher."""

    grant_type: Literal["urn:example:params:oauth:grant-type:voucher"]
    voucher: str


class VoucherGrant(Grant[VoucherParameters]):
    grant_type = VOUCHER
    requires_user = False
    is_for_public_clients = False
    allows_open_registration = False
    has_limits_of_its_own = False
    can_prove_client = False
    parameters = VoucherParameters
    example_name = "Redeem a voucher"
    example = {"grant_type": VOUCHER, "voucher": "2026"}  # noqa: RUF012 - a constant

    def __init__(self, token_issuer: TokenIssuer, clock: Clock) -> None:
        self._token_issuer = token_issuer
        self._clock = clock

    async def exchange(self, request: TokenRequest, parameters: VoucherParameters) -> TokenResponse:
        if parameters.voucher != str(self._clock.now().year):
            raise InvalidGrantError("The voucher is not valid.")
        return await self._token_issuer.issue_to_client(
            request.client, TokenGrant(scope="profile", resource=None), keys=request.keys
        )


class OpenVoucherGrant(VoucherGrant):
    requires_user = True
    allows_open_registration = True


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(grants=(*GRANTS, VoucherGrant))


@pytest_asyncio.fixture
async def holder(app: Application) -> TestClient:
    return await app.create_client(grant_types=[VOUCHER])


async def register(app: Application, **headers: str) -> Any:
    body = {"grant_types": [VOUCHER], "response_types": []}
    return await app.http.post("/register", json=body, headers=headers)


async def test_its_parameters_are_exchanged_for_a_token(
    app: Application, holder: TestClient
) -> None:
    voucher = str(app.clock.now().year)

    response = await app.token(holder, grant_type=VOUCHER, voucher=voucher)

    assert response.status_code == 200, response.text
    assert await app.is_active(holder, response.json()["access_token"])


async def test_its_errors_are_those_of_the_token_endpoint(
    app: Application, holder: TestClient
) -> None:
    assert_oauth_error(await app.token(holder, grant_type=VOUCHER, voucher="x"), "invalid_grant")
    assert_oauth_error(await app.token(holder, grant_type=VOUCHER), "invalid_request")


async def test_the_metadata_lists_it(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/oauth-authorization-server")).json()

    supported = [grant.grant_type for grant in (*GRANTS, VoucherGrant)]
    assert metadata["grant_types_supported"] == supported


async def test_openapi_describes_its_form_and_its_example(app: Application) -> None:
    schema = (await app.http.get("/openapi.json")).json()

    form = schema["paths"]["/token"]["post"]["requestBody"]["content"][
        "application/x-www-form-urlencoded"
    ]
    assert {"$ref": "#/components/schemas/VoucherParameters"} in form["schema"]["oneOf"]
    assert "voucher" in schema["components"]["schemas"]["VoucherParameters"]["required"]
    assert form["examples"][VOUCHER]["summary"] == VoucherGrant.example_name


async def test_strangers_cannot_register_it_unless_it_says_so(
    app: Application, start_app: AppFactory
) -> None:
    open_to_strangers = await start_app(grants=(*GRANTS, OpenVoucherGrant))

    refused = await register(app)

    assert_oauth_error(refused, "invalid_client_metadata")
    assert (await register(open_to_strangers)).status_code == 201


async def test_with_an_initial_access_token_it_can_be_registered(start_app: AppFactory) -> None:
    token = "an-administrator-token-of-the-tests-8Lq2Vx"
    app = await start_app(grants=(*GRANTS, VoucherGrant), admin_token=token)

    response = await register(app, Authorization=f"Bearer {token}")

    assert response.status_code == 201, response.text
    assert response.json()["grant_types"] == [VOUCHER]


async def test_a_public_client_cannot_register_it(app: Application) -> None:
    response = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name(),
            "grant_types": [VOUCHER],
            "token_endpoint_auth_method": "none",
        },
    )

    assert response.status_code == 422
    assert response.json()["error"] == "invalid_client_metadata"


@pytest.mark.parametrize("missing", FLAGS)
def test_a_class_without_a_flag_cannot_be_defined(missing: str) -> None:
    flags = {name: value for name, value in FLAGS.items() if name != missing}

    with pytest.raises(TypeError, match=f"Unstated must state {missing}"):
        type("Unstated", (Grant,), {**flags, "exchange": VoucherGrant.exchange})


def test_an_abstract_class_may_leave_the_flags_to_its_subclasses() -> None:
    class Vouchers(Grant[VoucherParameters]):
        pass

    assert issubclass(Vouchers, Grant)


@pytest.mark.parametrize("opens", ["is_for_public_clients", "allows_open_registration"])
def test_a_grant_without_a_user_cannot_be_open_to_strangers(opens: str) -> None:
    with pytest.raises(TypeError, match="without a user"):
        type("Open", (VoucherGrant,), {opens: True})


def test_a_collaborator_that_is_not_available_is_named_at_start(tmp_path: Any) -> None:
    class Astray(VoucherGrant):
        def __init__(self, error: PosternError) -> None:
            self.error = error

    settings = settings_for(f"sqlite:///{tmp_path}/postern.db")

    with pytest.raises(TypeError, match="Astray: no PosternError is available for error"):
        build_services(settings, FakeClock(), grants=(*GRANTS, Astray))
