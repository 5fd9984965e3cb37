"""Tokens of a service for itself, with httpx and httpx2, synchronous and not."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import httpx
import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from kit_issuer import ISSUER, RESOURCE, FakeIssuer

from postern_kit import ClientCredentials, ClientCredentialsAuth
from postern_kit.client_credentials import TokenRequestError
from postern_kit.httpx2_auth import ClientCredentialsAuth as ClientCredentialsAuth2

SERVICE = "https://reports.example/data"


class Service:
    """A service beside the issuer, which refuses some tokens."""

    def __init__(self, issuer: FakeIssuer, library: Any = httpx) -> None:
        self._issuer, self._library = issuer, library
        self.seen: list[str] = []
        self.refused: set[str] = set()

    def respond(self, request: Any) -> Any:
        if request.url.host == "login.example":
            ours = httpx.Request(request.method, str(request.url), content=request.content)
            ours.headers.update(dict(request.headers))
            response = self._issuer.respond(ours)
            return self._library.Response(response.status_code, content=response.content)
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.seen.append(token)
        return self._library.Response(401 if token in self.refused else 200)


@pytest.fixture
def credentials(issuer: FakeIssuer) -> ClientCredentials:
    return ClientCredentials(
        ISSUER, "service", "s:1", resource=RESOURCE, scope="read", now=issuer.now
    )


@pytest.mark.parametrize(
    ("library", "auth"), [(httpx, ClientCredentialsAuth), (httpx2, ClientCredentialsAuth2)]
)
async def test_a_token_is_used_until_it_is_nearly_over(
    issuer: FakeIssuer, credentials: ClientCredentials, library: Any, auth: Any
) -> None:
    service = Service(issuer, library)
    transport = library.MockTransport(service.respond)
    async with library.AsyncClient(transport=transport, auth=auth(credentials)) as http:
        await http.get(SERVICE)
        issuer.time += 569
        await http.get(SERVICE)
        issuer.time += 1
        await http.get(SERVICE)

    assert service.seen == ["token-1", "token-1", "token-2"]
    form = parse_qs(next(each for each in issuer.requests if each.method == "POST").content)
    assert form == {
        b"grant_type": [b"client_credentials"],
        b"resource": [RESOURCE.encode()],
        b"scope": [b"read"],
    }


@pytest.mark.parametrize(
    ("library", "auth"), [(httpx, ClientCredentialsAuth), (httpx2, ClientCredentialsAuth2)]
)
def test_it_works_without_asyncio(
    issuer: FakeIssuer, credentials: ClientCredentials, library: Any, auth: Any
) -> None:
    service = Service(issuer, library)
    transport = library.MockTransport(service.respond)
    with library.Client(transport=transport, auth=auth(credentials)) as http:
        http.get(SERVICE)
        service.refused.add("token-1")
        response = http.get(SERVICE)

    assert response.status_code == 200
    assert service.seen == ["token-1", "token-1", "token-2"]


async def test_requests_at_the_same_time_share_one_token_request(
    issuer: FakeIssuer, credentials: ClientCredentials
) -> None:
    service = Service(issuer)
    transport = httpx.MockTransport(service.respond)
    auth = ClientCredentialsAuth(credentials)
    async with httpx.AsyncClient(transport=transport, auth=auth) as http:
        await asyncio.gather(*(http.get(SERVICE) for _ in range(20)))

    assert issuer.count("/token") == 1
    assert set(service.seen) == {"token-1"}


async def test_a_refused_token_is_renewed_once(
    issuer: FakeIssuer, credentials: ClientCredentials
) -> None:
    service = Service(issuer)
    service.refused = {"token-1", "token-2", "token-3"}
    transport = httpx.MockTransport(service.respond)
    auth = ClientCredentialsAuth(credentials)
    async with httpx.AsyncClient(transport=transport, auth=auth) as http:
        response = await http.get(SERVICE)

    assert response.status_code == 401
    assert service.seen == ["token-1", "token-2"]


async def test_a_private_key_signs_an_assertion_for_the_issuer(issuer: FakeIssuer) -> None:
    """RFC 7523 section 2.2"""
    key = ECKey.generate_key("P-256", {"kid": "mine"})
    credentials = ClientCredentials(ISSUER, "service", private_key=key, now=issuer.now)
    transport = httpx.MockTransport(Service(issuer).respond)
    auth = ClientCredentialsAuth(credentials)
    async with httpx.AsyncClient(transport=transport, auth=auth) as http:
        await http.get(SERVICE)

    request = next(each for each in issuer.requests if each.method == "POST")
    form = parse_qs(request.content.decode())
    assertion = jwt.decode(form["client_assertion"][0], key, algorithms=["ES256"])
    assert "authorization" not in request.headers
    assert assertion.header["kid"] == "mine"
    assert assertion.claims["iss"] == assertion.claims["sub"] == "service"
    assert assertion.claims["aud"] == ISSUER
    assert assertion.claims["exp"] == issuer.time + 60


async def test_a_refused_token_request_says_why(
    issuer: FakeIssuer, credentials: ClientCredentials
) -> None:
    issuer.token_response = {"access_token": None, "error": "invalid_target"}
    transport = httpx.MockTransport(Service(issuer).respond)
    auth = ClientCredentialsAuth(credentials)
    async with httpx.AsyncClient(transport=transport, auth=auth) as http:
        with pytest.raises(TokenRequestError, match="invalid_target"):
            await http.get(SERVICE)


async def test_credentials_are_not_sent_to_an_endpoint_of_another_issuer(
    issuer: FakeIssuer, credentials: ClientCredentials
) -> None:
    """RFC 8414 section 3.3"""
    issuer.metadata["issuer"] = "https://other.example"
    transport = httpx.MockTransport(Service(issuer).respond)
    auth = ClientCredentialsAuth(credentials)
    async with httpx.AsyncClient(transport=transport, auth=auth) as http:
        with pytest.raises(TokenRequestError, match="is not the metadata"):
            await http.get(SERVICE)

    assert issuer.count("/token") == 0


def test_a_secret_is_not_printed_and_one_kind_is_required(credentials: ClientCredentials) -> None:
    assert "s:1" not in repr(credentials)
    with pytest.raises(ValueError, match="either"):
        ClientCredentials(ISSUER, "service")
