"""A company whose identities an MCP server of another Postern accepts, and the agents for it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.oauth.exchange.token_types import ID_JAG, REFRESH_TOKEN
from app.oauth.grants.jwt_bearer import JWT_BEARER
from tests.deployment.files import ROOT
from tests.foreign.agents import protect
from tests.foreign.applications import running
from tests.foreign.colleague import Colleague
from tests.foreign.person import CALLBACK
from tests.support.application import TestClient
from tests.support.exchange import GRANTS, exchange_form
from tests.support.peer import Authority
from tests.support.ports import free_port
from tests.support.two_posterns import NAME, TwoPosterns, two_posterns
from tests.support.visitor import VERIFIER, query
from tests.support.waiting import within

HERE = Path(__file__).parent
SECONDS = 90
SCOPES = {"notes:read": "Read your notes", "notes:write": "Change your notes"}


@dataclass(frozen=True)
class Enterprise:
    """An MCP server that `here` protects. One agent is a client of both servers."""

    posterns: TwoPosterns
    authority: Authority
    url: str
    agent_at_company: TestClient
    agent: TestClient
    other: TestClient
    """Another client here, which may present assertions too."""
    node: Path
    python: Path

    async def sign_in(self, colleague: Colleague) -> dict[str, Any]:
        """Return the tokens with which the agent signs in a user at the company."""
        asked = query(self.agent_at_company, redirect_uri=CALLBACK, scope="openid offline_access")
        answer = await colleague.person.browse(f"{self.posterns.company.url}/authorize?{asked}")
        return await self._at_company(
            grant_type="authorization_code",
            code=answer.partition("code=")[2].partition("&")[0],
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER,
        )

    async def by_refresh_token(self, tokens: dict[str, Any]) -> str:
        """Return an assertion that a request of RFC 8693 gets for a refresh token."""
        form = {
            "subject_token_type": REFRESH_TOKEN,
            "requested_token_type": ID_JAG,
            "audience": self.posterns.here.url,
            "resource": self.url,
            "scope": "notes:read",
        }
        response = await self._at_company(**exchange_form(tokens["refresh_token"], **form))
        assert response["issued_token_type"] == ID_JAG
        assert response["token_type"] == "N_A"
        return str(response["access_token"])

    async def _at_company(self, **form: str) -> dict[str, Any]:
        response = await self.posterns.at_company.token(
            None, **form, **credentials(self.agent_at_company)
        )
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    async def run(self, sdk: str, **given: Any) -> dict[str, Any]:
        """Run the agent to its end, and return what it said."""
        command = {
            "typescript": ["node", str(self.node / "cross-app-access.mjs")],
            "python": [str(self.python), str(HERE / "mcp_identity_assertion.py")],
        }[sdk]
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.authority.ca_file)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        values = {
            "company": self.posterns.issuer_of_company,
            "client_at_company": credentials(self.agent_at_company),
            "issuer": self.posterns.here.url,
            "client": credentials(self.agent),
            "server": self.url,
            **given,
        }
        async with within(SECONDS):
            output, errors = await process.communicate(json.dumps(values).encode())
        assert process.returncode == 0, errors.decode()
        said: dict[str, Any] = json.loads(output)
        return said


def credentials(client: TestClient) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": client.client_secret}


@asynccontextmanager
async def running_enterprise(
    directory: Path, *, node: Path, python: Path
) -> AsyncIterator[Enterprise]:
    company, here, authority_directory = (directory / each for each in ("company", "here", "ca"))
    for each in (company, here, authority_directory):
        each.mkdir(mode=0o700)
    authority = Authority(authority_directory)
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    async with two_posterns(company, here, authority=authority) as posterns:
        agent_at_company = await posterns.at_company.create_client(
            grant_types=GRANTS,
            scope="openid offline_access",
            token_endpoint_auth_method="client_secret_post",
        )
        agent, other = [
            await posterns.app.create_client(grant_types=[JWT_BEARER], scope="profile")
            for _ in range(2)
        ]
        await protect(posterns.here, posterns.app, url, name="notes", scopes=SCOPES)
        await _allow(posterns, url, agent_at_company=agent_at_company, agent=agent)
        await _trust(posterns, presenters=[agent, other])
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT / "examples/mcp-server"), str(ROOT / "kit")]),
            "ISSUER": posterns.here.url,
            "RESOURCE": url,
            "PORT": str(port),
        }
        async with running([str(python), str(HERE / "notes_server.py")], here, port, variables):
            yield Enterprise(
                posterns=posterns,
                authority=authority,
                url=url,
                agent_at_company=agent_at_company,
                agent=agent,
                other=other,
                node=node,
                python=python,
            )


async def _allow(
    posterns: TwoPosterns, url: str, *, agent_at_company: TestClient, agent: TestClient
) -> None:
    policy = {
        "audience": posterns.here.url,
        "relying_party": posterns.relying_party.client_id,
        "client_id": agent.client_id,
        "access": {"kind": "everyone"},
        "resources": [url],
        "scopes": ["notes:read"],
        "release_email": False,
    }
    arguments = ("--identity-assertion", json.dumps(policy))
    await posterns.company.run("clients", "policy", agent_at_company.client_id, *arguments)


async def _trust(posterns: TwoPosterns, *, presenters: list[TestClient]) -> None:
    issuer = posterns.issuer_of_company
    allowed = [f"--presenter={each.client_id}" for each in presenters]
    await posterns.operator(
        *("issuers", "create", NAME, "--identities", "--subject", "*"),
        *("--issuer", issuer, "--jwks-uri", f"{issuer}/jwks"),
        *("--algorithm", "RS256", "--algorithm", "ES256", *allowed),
        *("--resource", "notes", "--scope", "notes:read", "--scope", "notes:write"),
        ISSUER=posterns.here.url,
    )
