"""Two running servers; users of the second can sign in with the first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.application import Application, TestClient
from tests.support.peer import HOST, Authority
from tests.support.ports import free_port
from tests.support.server import Server, application_of, run_postern, running_server

NAME = "company"
LABEL = "The Company"


@dataclass(frozen=True)
class TwoPosterns:
    """Two servers: `company` has the accounts, with which users sign in at `here`.

    The servers have different hosts, because cookies of a host are sent to all of its ports.
    """

    company: Server
    at_company: Application
    here: Server
    app: Application
    directory: Path
    issuer_of_company: str
    relying_party: TestClient
    """The client at the company by which users sign in here."""

    async def operator(self, *arguments: str, **variables: str) -> str:
        """Run a command of the server that uses the identity provider."""
        result = await run_postern(self.directory, *arguments, **variables)
        assert result.returncode == 0, result.stderr
        return result.stdout


@asynccontextmanager
async def two_posterns(
    company_directory: Path, directory: Path, *, authority: Authority | None = None
) -> AsyncIterator[TwoPosterns]:
    """Start both; with an authority, the company has https and a certificate of it."""
    port = free_port()
    here_url = f"http://127.0.0.1:{port}"
    certificate, outbound = {}, {}
    if authority is not None:
        file = str(authority.chain_file)
        certificate = {"TLS_CERT_FILE": file, "TLS_KEY_FILE": file}
        outbound = {
            "OUTBOUND_ALLOWED_HOSTS": HOST,
            "OUTBOUND_CA_FILE": str(authority.ca_file),
        }
    async with (
        running_server(company_directory, **certificate) as company,
        running_server(directory, PORT=str(port), ISSUER=here_url, **outbound) as here,
        application_of(company) as at_company,
        application_of(here) as app,
    ):
        client = await at_company.create_client(
            redirect_uri=f"{here_url}/login/with/{NAME}/callback", scope="openid profile email"
        )
        metadata = (await at_company.http.get("/.well-known/openid-configuration")).json()
        added = await run_postern(
            directory,
            *("upstream", "add", NAME, "--label", LABEL, "--issuer", metadata["issuer"]),
            *("--client-id", client.client_id, "--stdin"),
            typed=f"{client.client_secret}\n",
            ISSUER=here_url,
            **outbound,
        )
        assert added.returncode == 0, added.stderr
        assert f"{here_url}/login/with/{NAME}/callback" in added.stdout
        yield TwoPosterns(company, at_company, here, app, directory, metadata["issuer"], client)
