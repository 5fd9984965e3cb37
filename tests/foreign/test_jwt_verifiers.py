"""PyJWT, jose and go-oidc verify JWT access tokens by the published keys alone (RFC 9068)."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.protocol.jwt_resources import AT_JWT, parts_of, signed_with_public_key, unsigned
from tests.support.client_jwts import encoded, signing_key
from tests.support.parts import running_services
from tests.support.resources import resource_body
from tests.support.server import Server, TimeOfTheMachine, application_of, running_server
from tests.support.waiting import within

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SECONDS = 120
REFUSED = (
    "another audience",
    "another issuer",
    "expired",
    "unsigned",
    "signed with the public key",
    "an ID token",
    "an unknown key",
    "changed",
)


class Fleet(NamedTuple):
    """A server whose resource verifies by itself, and the tokens that a caller may present."""

    issuer: str
    audience: str
    jwks_uri: str
    tokens: Mapping[str, str]

    @property
    def arguments(self) -> Sequence[str]:
        return (self.issuer, self.audience, self.jwks_uri)


@pytest_asyncio.fixture(scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    directory = tmp_path_factory.mktemp("fleet")
    url = f"sqlite:///{directory / 'fleet.db'}"
    async with (
        running_server(directory, DATABASE_URL=url) as server,
        running_services(url, TimeOfTheMachine()) as services,
    ):
        body = resource_body("reports", token_format="jwt")
        await services.oauth.resources.create(body, authority=FULL)
        metadata = httpx2.get(f"{server.url}/.well-known/openid-configuration").json()
        good = await token_from(server, body.identifier)
        jwks_uri = f"{server.url}/jwks"
        yield Fleet(
            metadata["issuer"], body.identifier, jwks_uri, await presented(services, good, jwks_uri)
        )


async def token_from(server: Server, resource: str) -> str:
    async with application_of(server) as app:
        client = await app.create_client()
        response = await app.client_credentials(client, resource=resource, scope="write")
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def presented(services: Services, good: str, jwks_uri: str) -> Mapping[str, str]:
    """Return the token, and those that a service must refuse."""
    header, claims, signature = parts_of(good)

    async def signed(typ: str = AT_JWT, **values: Any) -> str:
        changed = {**claims, **values}
        return await services.oauth.signing_keys.sign(changed, algorithm="ES256", typ=typ)

    keys = httpx2.get(jwks_uri).json()["keys"]
    public = next(key for key in keys if key["kid"] == header["kid"])
    now = claims["iat"]
    return {
        "good": good,
        "another audience": await signed(aud="https://other.example"),
        "another issuer": await signed(iss="https://other.example"),
        "expired": await signed(iat=now - 3600, exp=now - 3000),
        "unsigned": unsigned(good),
        "signed with the public key": signed_with_public_key(good, json.dumps(public).encode()),
        "an ID token": await signed(typ="JWT", nonce="n"),
        "an unknown key": signing_key("ES256", "stranger").sign(claims, typ=AT_JWT),
        "changed": ".".join(
            (encoded(header), encoded({**claims, "scope": "read write all"}), signature)
        ),
    }


async def verify(fleet: Fleet, *command: str, directory: Path = HERE) -> dict[str, Any]:
    """Give the tokens to a program, and return what it says of each."""
    process = await asyncio.create_subprocess_exec(
        *command,
        *fleet.arguments,
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    tokens = [{"name": name, "token": token} for name, token in fleet.tokens.items()]
    async with within(SECONDS):
        output, errors = await process.communicate(json.dumps(tokens).encode())
    assert process.returncode == 0, errors.decode()
    answers: dict[str, Any] = json.loads(output)
    return answers


def assert_verified(fleet: Fleet, answers: Mapping[str, Any]) -> None:
    good = answers["good"]
    assert isinstance(good, dict), good
    assert good["aud"] in (fleet.audience, [fleet.audience])
    assert (good["iss"], good["scope"]) == (fleet.issuer, "read write")
    assert good["sub"] == good["client_id"]
    assert set(answers) == {"good", *REFUSED}
    for name in REFUSED:
        assert isinstance(answers[name], str), f"{name} was accepted: {answers[name]}"


async def test_pyjwt_verifies_by_the_published_keys(fleet: Fleet, jwt_python: Path) -> None:
    """RFC 9068 section 4; SECURITY_BAR rows 35 and 36"""
    answers = await verify(fleet, str(jwt_python), "verify_pyjwt.py")

    assert_verified(fleet, answers)


async def test_jose_verifies_by_the_published_keys(fleet: Fleet, node_packages: Path) -> None:
    """RFC 9068 section 4; SECURITY_BAR rows 35 and 36"""
    answers = await verify(fleet, "node", "verify-jose.mjs", directory=node_packages)

    assert_verified(fleet, answers)


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
async def test_go_oidc_verifies_by_the_published_keys(fleet: Fleet) -> None:
    """RFC 9068 section 4; SECURITY_BAR rows 35 and 36"""
    answers = await verify(fleet, "go", "run", ".", directory=HERE / "go")

    assert_verified(fleet, answers)
