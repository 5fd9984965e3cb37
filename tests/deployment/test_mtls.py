"""Client certificates through the real nginx and HAProxy, by the files of docs/mtls.md, and by
TLS of our own (RFC 8705)."""

import asyncio
import contextlib
import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server.certificate import stored_certificate
from tests.deployment.test_debian import files_of
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import SUBJECT, Identity, authority, make
from tests.support.machine import scaled
from tests.support.ports import free_port
from tests.support.server import Server, application_of, running_server
from tests.support.waiting import can_connect, eventually

pytestmark = pytest.mark.slow

FILES = files_of("docs/mtls.md")
ROOT = authority()
INTERMEDIATE = ROOT.issue("CN=Intermediate", is_authority=True)
STRANGER = "127.0.0.2"
"""An address of this machine that is not in TRUSTED_PROXIES."""
PKI = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT}
BOUND = {"tls_client_certificate_bound_access_tokens": True}


@dataclass(frozen=True)
class Ports:
    """Where a proxy listens, without and with certificates, and where Postern does."""

    main: int
    mtls: int
    postern: int


Change = Callable[[str], str]
"""A mistake in the file of a proxy."""


def unchanged(text: str) -> str:
    return text


def nginx_file(directory: Path, ports: Ports, change: Change) -> Path:
    certificate, key = stored_certificate(directory / "tls")
    site = change(FILES["/etc/nginx/sites-available/postern-mtls"])
    site = re.sub(r"\S+/fullchain\.pem", str(certificate), site)
    site = re.sub(r"\S+/privkey\.pem", str(key), site)
    site = placed(site, ports, r"listen {}", r"listen 127.0.0.1:{}")
    paths = "".join(
        f"{kind}_temp_path {directory}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = directory / "nginx.conf"
    file.write_text(
        f"daemon off; pid {directory}/nginx.pid; error_log stderr; user root;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{site}}}\n"
    )
    return file


def haproxy_file(directory: Path, ports: Ports, change: Change) -> Path:
    certificate, key = stored_certificate(directory / "tls")
    both, authorities = directory / "login.pem", directory / "client-ca.pem"
    both.write_text(certificate.read_text() + key.read_text())
    authorities.write_text(ROOT.pem)
    text = change(FILES["/etc/haproxy/haproxy.cfg"])
    text = text.replace("/etc/haproxy/login.pem", str(both))
    text = text.replace("/etc/postern/client-ca.pem", str(authorities))
    file = directory / "haproxy.cfg"
    file.write_text(placed(text, ports, r"bind :{}", r"bind 127.0.0.1:{}"))
    return file


def placed(text: str, ports: Ports, documented: str, here: str) -> str:
    """Return a file with ports of this test."""
    for documented_port, port in (("443", ports.main), ("8443", ports.mtls)):
        text = text.replace(f"{documented.format(documented_port)} ", f"{here.format(port)} ")
    return text.replace("127.0.0.1:5000", f"127.0.0.1:{ports.postern}")


@dataclass(frozen=True)
class Program:
    """A proxy: its file, how to check it, and how to run it."""

    name: str
    file: Callable[[Path, Ports, Change], Path]
    check: tuple[str, ...]
    run: tuple[str, ...]


NGINX = Program("nginx", nginx_file, ("-t", "-e", "stderr", "-c"), ("-e", "stderr", "-c"))
HAPROXY = Program("haproxy", haproxy_file, ("-c", "-f"), ("-q", "-db", "-f"))
PROGRAMS = (NGINX, HAPROXY)
by_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


def require_installed(program: Program) -> None:
    if shutil.which(program.name) is None:
        pytest.skip(f"{program.name} is not installed")


class Callers:
    """Callers through a proxy or at a server, each with its own certificate."""

    def __init__(self, directory: Path, stack: AsyncExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._count = 0

    async def at(
        self, port: int, identity: Identity | None = None, *chain: Identity
    ) -> httpx.AsyncClient:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if identity is not None:
            self._count += 1
            certificate, key = identity.write(self._directory / "callers", str(self._count))
            certificate.write_text("".join(each.pem for each in (identity, *chain)))
            context.load_cert_chain(certificate, key)
        client = httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}", verify=context, timeout=scaled(30)
        )
        return await self._stack.enter_async_context(client)


@dataclass(frozen=True)
class Site:
    """Postern behind a proxy, with helpers to call both."""

    app: Application
    ports: Ports
    callers: Callers

    async def token(
        self, client: TestClient, identity: Identity | None, *, port: int | None = None
    ) -> httpx.Response:
        caller = await self.callers.at(port or self.ports.mtls, identity)
        form = {"grant_type": "client_credentials", "client_id": client.client_id}
        return await caller.post("/token", data=form)


@asynccontextmanager
async def site_of(
    program: Program, directory: Path, *, change: Change = unchanged
) -> AsyncIterator[Site]:
    """Run Postern and a proxy by the documented file."""
    authorities = directory / "authorities.pem"
    authorities.write_text(ROOT.pem)
    variables = {
        "TRUSTED_PROXIES": "127.0.0.1",
        "MTLS_HEADER_FORMAT": program.name,
        "MTLS_CA_FILE": str(authorities),
        "MTLS_URL": "https://mtls.login.example.com:8443",
        "HOST": "0.0.0.0",
        "APP_ENV": "development",
    }
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server(directory, **variables))
        app = await stack.enter_async_context(application_of(server))
        ports = Ports(free_port(), free_port(), server.port)
        file = program.file(directory, ports, change)
        await stack.enter_async_context(running(program, file, ports))
        yield Site(app, ports, Callers(directory, stack))


@asynccontextmanager
async def running(program: Program, file: Path, ports: Ports) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(program.name, *program.run, str(file))
    try:
        await eventually(lambda: can_connect(ports.mtls))
        yield
    finally:
        process.terminate()
        await process.wait()


async def client_of(app: Application, **metadata: Any) -> TestClient:
    return await app.create_client(grant_types=["client_credentials"], **metadata)


@by_program
def test_the_program_accepts_the_documented_file(program: Program, tmp_path: Path) -> None:
    require_installed(program)
    file = program.file(tmp_path, Ports(free_port(), free_port(), 5000), unchanged)

    tested = subprocess.run(
        [program.name, *program.check, str(file)], capture_output=True, text=True, check=False
    )

    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr.lower()


@by_program
async def test_clients_authenticate_through_the_proxy(program: Program, tmp_path: Path) -> None:
    """RFC 8705 section 2: a self-made certificate with the right subject is refused"""
    require_installed(program)
    own = make("CN=self-signed")
    async with site_of(program, tmp_path) as site:
        pki = await client_of(site.app, **PKI, **BOUND)
        self_signed = await client_of(
            site.app,
            token_endpoint_auth_method="self_signed_tls_client_auth",
            jwks={"keys": [own.jwk_with_certificate]},
        )
        issued = ROOT.issue()

        response = await site.token(pki, issued)
        assert response.status_code == 200, response.text
        token = response.json()["access_token"]
        assert (await site.token(self_signed, own)).status_code == 200
        for client, identity in (
            (pki, make(SUBJECT)),
            (pki, ROOT.issue("CN=another")),
            (pki, None),
            (self_signed, make("CN=self-signed")),
            (self_signed, issued),
            (self_signed, None),
        ):
            refused = await site.token(client, identity)
            assert_oauth_error(refused, "invalid_client", status=401)

        asking = await site.app.create_client()
        answer = await site.app.introspect(asking, token)
        assert answer["cnf"] == {"x5t#S256": issued.thumbprint}
        headers = {"Authorization": f"Bearer {token}"}
        for identity, status in ((issued, 200), (own, 401), (None, 401)):
            caller = await site.callers.at(site.ports.mtls, identity)
            assert (await caller.get("/profile", headers=headers)).status_code == status


@by_program
async def test_a_header_that_a_caller_sends_itself_has_no_effect(
    program: Program, tmp_path: Path
) -> None:
    """RFC 9440 section 4: the proxy removes it, and Postern refuses it from anybody else"""
    require_installed(program)
    issued = ROOT.issue()
    async with site_of(program, tmp_path) as site:
        client = await client_of(site.app, **PKI)
        form = {"grant_type": "client_credentials", "client_id": client.client_id}
        headers = {"Client-Cert": issued.escaped if program is NGINX else issued.base64}

        for port in (site.ports.main, site.ports.mtls):
            caller = await site.callers.at(port)
            forged = await caller.post("/token", data=form, headers=headers)
            assert_oauth_error(forged, "invalid_client", status=401)
        transport = httpx.AsyncHTTPTransport(local_address=STRANGER)
        async with httpx.AsyncClient(transport=transport) as stranger:
            url = f"http://127.0.0.1:{site.ports.postern}"
            forged = await stranger.post(f"{url}/token", data=form, headers=headers)
            assert_oauth_error(forged, "invalid_request")
            assert (await stranger.get(f"{url}/health/live", headers=headers)).status_code == 400
            assert (await stranger.get(f"{url}/health/live")).status_code == 200


def without_removal(text: str) -> str:
    """Let the proxy pass on what the caller sent, beside its own header where it can."""
    text = re.sub(r"\n *(proxy_set_header Client-Cert|http-request del-header).*", "", text)
    return text.replace(
        "http-request set-header Client-Cert", "http-request add-header Client-Cert"
    )


@by_program
async def test_a_header_that_arrives_twice_ends_the_request(
    program: Program, tmp_path: Path
) -> None:
    """RFC 9440 section 4: even if a proxy is configured wrongly, a certificate is not chosen"""
    require_installed(program)
    issued, own = ROOT.issue(), make("CN=thief")
    forged = issued.escaped if program is NGINX else issued.base64
    twice = [("Client-Cert", forged)] * (2 if program is NGINX else 1)
    async with site_of(program, tmp_path, change=without_removal) as site:
        client = await client_of(site.app, **PKI)
        form = {"grant_type": "client_credentials", "client_id": client.client_id}

        caller = await site.callers.at(site.ports.mtls, own)
        response = await caller.post("/token", data=form, headers=twice)

        assert_oauth_error(response, "invalid_request")


@asynccontextmanager
async def serving_tls(directory: Path, **variables: str) -> AsyncIterator[tuple[Server, int]]:
    """Run Postern with TLS of its own on both ports."""
    certificate, key = stored_certificate(directory / "tls")
    authorities = directory / "authorities.pem"
    authorities.write_text(ROOT.pem)
    port = free_port()
    async with running_server(
        directory,
        TLS_CERT_FILE=str(certificate),
        TLS_KEY_FILE=str(key),
        MTLS_PORT=str(port),
        MTLS_CA_FILE=str(authorities),
        **variables,
    ) as server:
        yield server, port


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_our_own_port_takes_certificates_of_the_authorities_only(
    tmp_path: Path, workers: str
) -> None:
    """RFC 8705 sections 2.1 and 5"""
    async with serving_tls(tmp_path, WORKERS=workers) as (server, port), AsyncExitStack() as stack:
        callers = Callers(tmp_path, stack)
        main = await callers.at(server.port, ROOT.issue())
        body = {"client_name": "machine", "grant_types": ["client_credentials"], **PKI, **BOUND}
        created = await main.post("/create_client", json=body)
        assert created.status_code == 201, created.text
        form = {"grant_type": "client_credentials", "client_id": created.json()["client_id"]}
        metadata = (await main.get("/.well-known/oauth-authorization-server")).json()
        issued, by_intermediate = ROOT.issue(), INTERMEDIATE.issue()

        assert metadata["mtls_endpoint_aliases"]["token_endpoint"].endswith(f":{port}/token")
        for chain in ([issued], [by_intermediate, INTERMEDIATE]):
            caller = await callers.at(port, *chain)
            for _ in range(2):  # also on a connection that is kept
                response = await caller.post("/token", data=form)
                assert response.status_code == 200, response.text
            token = response.json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            assert (await caller.get("/profile", headers=headers)).status_code == 200
            assert (await main.get("/profile", headers=headers)).status_code == 401
        another = await callers.at(port, ROOT.issue("CN=another"))
        refused = await another.post("/token", data=form)
        assert_oauth_error(refused, "invalid_client", status=401)
        for untrusted in (None, make(SUBJECT), by_intermediate):
            caller = await callers.at(port, untrusted)
            with pytest.raises(httpx.TransportError):
                await caller.post("/token", data=form)


async def test_the_main_port_never_asks_for_a_certificate(tmp_path: Path) -> None:
    """RFC 8705 section 5: browsers would ask their users"""
    async with serving_tls(tmp_path) as (server, port):
        assert "CertificateRequest" not in await handshake_with(server.port)
        assert "CertificateRequest" in await handshake_with(port)


async def handshake_with(port: int) -> str:
    """Return the messages of a TLS handshake."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-msg", "-connect", f"127.0.0.1:{port}"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_both_ports_are_closed_by_sigterm(tmp_path: Path, workers: str) -> None:
    async with serving_tls(tmp_path, WORKERS=workers) as (server, port), AsyncExitStack() as stack:
        caller = await Callers(tmp_path, stack).at(port, ROOT.issue())
        assert (await caller.get("/health/live")).status_code == 200

        server.process.send_signal(signal.SIGTERM)
        code = await server.wait()

        assert code in (0, -signal.SIGTERM)
        assert not await can_connect(port)
        assert "Traceback" not in server.log()


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """SECURITY_BAR row 48"""
    certificate, key = stored_certificate(tmp_path / "tls")
    with contextlib.closing(await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)) as taken:
        port = taken.sockets[0].getsockname()[1]
        server = Server(
            tmp_path,
            {
                "TLS_CERT_FILE": str(certificate),
                "TLS_KEY_FILE": str(key),
                "MTLS_PORT": str(port),
                "MTLS_CA_FILE": str(certificate),
            },
        )
        try:
            assert await server.wait() == 2
        finally:
            await server.stop()

    assert f"MTLS_PORT: cannot listen on 127.0.0.1:{port}" in server.log()
