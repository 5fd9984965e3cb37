"""Client authentication (RFC 6749 section 2.3): one method, and one answer for all that fails."""

import hmac
from types import SimpleNamespace

import pytest

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.protocol.wire import answer_of, basic, basic_of
from tests.support.administration import rotate_secret
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error

ENDPOINTS = ("/token", "/introspect", "/revoke")


async def test_a_secret_in_the_header_and_one_in_the_form_are_both_accepted(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 2.3.1"""
    in_header = await app.client_credentials(client)
    in_form = await app.token(
        None,
        grant_type="client_credentials",
        client_id=client.client_id,
        client_secret=client.client_secret,
    )

    assert in_header.status_code == 200
    assert in_form.status_code == 200


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_two_methods_in_one_request_are_refused_even_if_both_are_valid(
    app: Application, client: TestClient, path: str
) -> None:
    """SECURITY_BAR row 2; RFC 6749 section 2.3"""
    form = {
        "grant_type": "client_credentials",
        "token": "postern_at_nothing",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }

    answer = await app.http.post(path, data=form, auth=client.auth)

    assert_oauth_error(answer, "invalid_request")


async def test_a_secret_in_the_form_without_a_client_id_is_a_second_method(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 2"""
    answer = await app.client_credentials(client, client_secret=client.client_secret)

    assert_oauth_error(answer, "invalid_request")


async def test_basic_with_the_same_client_id_in_the_form_is_accepted(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 3.2.1: client_id in the form only identifies"""
    answer = await app.client_credentials(client, client_id=client.client_id)

    assert answer.status_code == 200


async def test_basic_with_another_client_id_in_the_form_is_refused(
    app: Application, client: TestClient, other_client: TestClient
) -> None:
    """SECURITY_BAR row 2"""
    answer = await app.client_credentials(client, client_id=other_client.client_id)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_unknown_wrong_and_disabled_clients_get_the_same_error(
    app: Application,
    client: TestClient,
    other_client: TestClient,
    operator: Services,
    path: str,
) -> None:
    """SECURITY_BAR row 3"""
    await operator.clients.administration.set_disabled(
        other_client.client_id, disabled=True, authority=FULL
    )
    headers = {
        "unknown": basic("nobody", client.client_secret),
        "wrong": basic(client.client_id, other_client.client_secret),
        "disabled": basic_of(other_client),
        "wrong and disabled": basic(other_client.client_id, client.client_secret),
    }
    form = {"grant_type": "client_credentials", "token": "postern_at_nothing"}

    answers = [
        await app.http.post(path, data=form, headers={"Authorization": header})
        for header in headers.values()
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer_of(answer) == answer_of(answers[0])


async def test_unknown_wrong_and_disabled_clients_get_the_same_error_in_the_form_too(
    app: Application, client: TestClient, other_client: TestClient, operator: Services
) -> None:
    """SECURITY_BAR row 3; RFC 6749 section 5.2"""
    await operator.clients.administration.set_disabled(
        other_client.client_id, disabled=True, authority=FULL
    )
    pairs = [
        ("nobody", client.client_secret),
        (client.client_id, other_client.client_secret),
        (other_client.client_id, other_client.client_secret),
    ]

    answers = [
        await app.token(
            None, grant_type="client_credentials", client_id=client_id, client_secret=secret
        )
        for client_id, secret in pairs
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)
        assert answer_of(answer) == answer_of(answers[0])


async def test_unknown_and_disabled_clients_cost_the_same_comparison_as_a_wrong_secret(
    app: Application,
    client: TestClient,
    other_client: TestClient,
    operator: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SECURITY_BAR row 3: same timing"""
    await operator.clients.administration.set_disabled(
        other_client.client_id, disabled=True, authority=FULL
    )
    compared: list[tuple[int, int]] = []

    def compare_digest(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return hmac.compare_digest(left, right)

    monkeypatch.setattr(
        "app.security.comparison.hmac", SimpleNamespace(compare_digest=compare_digest)
    )

    for client_id in (client.client_id, "nobody", other_client.client_id):
        await app.client_credentials(TestClient(client_id, other_client.client_secret))

    of_a_wrong_secret, of_an_unknown_client, of_a_disabled_one = compared
    assert of_a_wrong_secret[0] == of_a_wrong_secret[1] >= 32
    assert of_an_unknown_client == of_a_wrong_secret
    assert of_a_disabled_one == of_a_wrong_secret


@pytest.mark.parametrize(
    ("method", "basic_status", "post_status"),
    [
        ("client_secret_basic", 200, 401),
        ("client_secret_post", 401, 200),
    ],
)
async def test_a_client_can_use_only_its_registered_authentication_method(
    app: Application, method: str, basic_status: int, post_status: int
) -> None:
    """RFC 7591 section 2: token_endpoint_auth_method"""
    client = await app.create_client(token_endpoint_auth_method=method)

    in_header = await app.client_credentials(client)
    in_form = await app.token(
        None,
        grant_type="client_credentials",
        client_id=client.client_id,
        client_secret=client.client_secret,
    )

    assert in_header.status_code == basic_status
    assert in_form.status_code == post_status
    refused = in_form if post_status == 401 else in_header
    assert_oauth_error(refused, "invalid_client", status=401)


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_confidential_client_that_sends_only_its_client_id_is_refused(
    app: Application, client: TestClient, path: str
) -> None:
    """SECURITY_BAR row 3: an empty secret is an absent one, and proves nothing"""
    form = {"grant_type": "client_credentials", "token": "postern_at_nothing"}

    only_named = await app.http.post(path, data={**form, "client_id": client.client_id})
    with_empty_secret = await app.http.post(
        path, data={**form, "client_id": client.client_id, "client_secret": ""}
    )

    assert_oauth_error(only_named, "invalid_client", status=401)
    assert_oauth_error(with_empty_secret, "invalid_client", status=401)


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_confidential_client_with_an_empty_secret_in_the_header_is_refused(
    app: Application, client: TestClient, path: str
) -> None:
    """RFC 6749 section 2.3.1: a confidential client that sends `id:` authenticated by nothing"""
    form = {"grant_type": "client_credentials", "token": "postern_at_nothing"}

    answer = await app.http.post(
        path, data=form, headers={"Authorization": basic(client.client_id, "")}
    )

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("repeated", [True, False])
async def test_a_public_client_may_send_its_client_id_in_the_header_with_an_empty_secret(
    app: Application, *, repeated: bool
) -> None:
    """RFC 6749 section 2.3.1: libraries send `id:` for a client without a secret"""
    public = await app.create_client(token_endpoint_auth_method="none")
    form = {"token": "postern_at_nothing"}
    if repeated:
        form["client_id"] = public.client_id

    answer = await app.http.post(
        "/revoke", data=form, headers={"Authorization": basic(public.client_id, "")}
    )

    assert answer.status_code == 200


async def test_a_secret_in_the_form_is_used_when_the_one_in_the_header_is_empty(
    app: Application, client: TestClient, other_client: TestClient
) -> None:
    """SECURITY_BAR row 2: it is one method, but both must name the same client"""
    form = {
        "token": "postern_at_nothing",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }

    same, other = [
        await app.http.post("/revoke", data=form, headers={"Authorization": basic(named, "")})
        for named in (client.client_id, other_client.client_id)
    ]

    assert same.status_code == 200
    assert_oauth_error(other, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_request_without_credentials_gets_a_basic_challenge(
    app: Application, path: str
) -> None:
    """RFC 6749 section 5.2"""
    answer = await app.http.post(
        path, data={"grant_type": "client_credentials", "token": "postern_at_nothing"}
    )

    assert_oauth_error(answer, "invalid_client", status=401)
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_rotated_secret_is_invalid_and_its_successor_works(
    app: Application, client: TestClient, operator: Services
) -> None:
    """SECURITY_BAR row 3"""
    new_secret = await rotate_secret(operator, client.client_id)

    with_old = await app.client_credentials(client)
    with_new = await app.client_credentials(TestClient(client.client_id, new_secret))

    assert_oauth_error(with_old, "invalid_client", status=401)
    assert with_new.status_code == 200


async def test_the_client_is_authenticated_before_its_parameters_are_validated(
    app: Application,
) -> None:
    """SECURITY_BAR row 3: a stranger learns nothing of a client's grants, scopes or tokens"""
    stranger = TestClient("nobody", "nothing")

    answers = [
        await app.client_credentials(stranger, scope="more"),
        await app.refresh(stranger, "postern_rt_nothing"),
        await app.token(stranger, grant_type="password"),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)
