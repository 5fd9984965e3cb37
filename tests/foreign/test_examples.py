"""The examples: each README's commands, run by a shell exactly as written."""

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.deployment.files import ROOT
from tests.foreign.person import person_at
from tests.support.machine import scaled
from tests.support.server import application_at, client_of
from tests.support.waiting import can_connect, eventually, within

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, ("bash", "curl", "openssl"))),
        reason="needs bash, curl and openssl",
    ),
]
BLOCKS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORTS = (3000, 5000, 8000, 8001, 8765)
ISSUER = "http://localhost:5000"
LIMIT_SECONDS = 150
END = "The README ends here."
IGNORED = shutil.ignore_patterns(
    ".venv", "node_modules", ".next", "data", "__pycache__", "*.db", "caller.json", "client.json"
)


@dataclass(frozen=True)
class Issuer:
    """The server that a README starts, with what `person_at` needs of it."""

    url: str = "http://127.0.0.1:5000"

    def client(self) -> httpx.AsyncClient:
        return client_of(self.url)


@dataclass
class Example:
    """A running script of a README, and the lines that it has printed."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Read to the end of the script; sign in where it says so."""
        with contextlib.suppress(TimeoutError):
            async with within(LIMIT_SECONDS):
                async for text in self._printed():
                    if match := re.fullmatch(r"Open (http\S+)", text):
                        await sign_in(match[1])
                    if text == f"{END} 0":
                        return
                    if text.startswith(END):
                        break
        raise AssertionError("\n".join(self.lines))

    async def _printed(self) -> AsyncIterator[str]:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode(errors="replace").rstrip())
            yield self.lines[-1]

    def beginning(self, text: str) -> list[str]:
        """Return the lines of a program; those of the servers' logs come in between."""
        return [line for line in self.lines if line.startswith(text)]

    def has(self, text: str) -> bool:
        return any(text in line for line in self.lines)


async def sign_in(url: str) -> None:
    """Do what the user does in the browser, until it is back at the client."""
    server = Issuer()
    async with application_at(server.url) as app, person_at(server, app) as person:  # type: ignore[arg-type]  # it needs the URL only
        back = await person.browse(url)
        async with httpx.AsyncClient(timeout=scaled(30)) as browser:
            assert (await browser.get(back)).status_code == 200


@contextmanager
def ports_of_the_examples() -> Iterator[None]:
    """The READMEs name their ports, so only one example runs at a time."""
    with (Path(tempfile.gettempdir()) / "postern-examples.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def wait_for_free(port: int) -> None:
    """Wait until no other program listens: the one of the example before may be ending."""

    async def is_free() -> bool:
        return not await can_connect(port)

    await eventually(is_free)


@asynccontextmanager
async def example(name: str, directory: Path) -> AsyncIterator[Example]:
    """Copy an example beside the kit, and run the commands of its README."""
    with ports_of_the_examples():
        for port in PORTS:
            await wait_for_free(port)
        shutil.copytree(ROOT / "kit", directory / "kit", ignore=IGNORED)
        target = directory / "examples" / name
        shutil.copytree(ROOT / "examples" / name, target, ignore=IGNORED)
        commands = BLOCKS.findall((target / "README.md").read_text())
        script = "\n".join(["set -euo pipefail", f"trap 'echo {END} $?' EXIT", *commands])
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", script, cwd=target, env=variables_for(directory),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            running = Example(process)
            await running.run()
            yield running
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            assert process.stdout is not None
            await process.stdout.read()  # to its end, which closes the pipe
            await process.wait()


def variables_for(directory: Path) -> dict[str, str]:
    """Return where programs and packages are, and no settings of Postern."""
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CACHE_HOME", "npm_config_cache")
    prefixes = ("PIP_", "UV_", "npm_config_", "NPM_CONFIG_")
    own = {
        name: value
        for name, value in os.environ.items()
        if name in names or name.startswith(prefixes)
    }
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = os.environ.get("HOME", str(directory))
    return {**own, "PATH": programs, "HOME": home, "NEXT_TELEMETRY_DISABLED": "1"}


async def test_the_official_sdk_signs_in_and_calls_a_tool(tmp_path: Path) -> None:
    async with example("mcp-server", tmp_path) as running:
        assert not running.has("wrong ")
        assert running.has("ok       authorization server: accepts the resource")
        assert running.has("A note of ")


async def test_the_fastmcp_client_signs_in_and_calls_tools(tmp_path: Path) -> None:
    async with example("fastmcp-server", tmp_path) as running:
        assert not running.has("wrong ")
        assert not running.has("warning ")
        results = ["[]", "1", "['Buy milk']"]
        assert [line for line in running.lines if line in results] == results


async def test_a_service_calls_another_one(tmp_path: Path) -> None:
    async with example("two-services", tmp_path) as running:
        first, second = running.beginning("{'reports for': ")
        step_up, missing = [*running.beginning("403 "), *running.beginning("401 ")]

        assert first == second
        assert step_up.startswith('403 Bearer error="insufficient_scope"')
        assert 'scope="reports:write"' in step_up
        assert missing.startswith('401 Bearer scope="reports:read"')


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm")
async def test_nextjs_signs_a_user_in(tmp_path: Path) -> None:
    server = Issuer()
    async with (
        example("nextjs", tmp_path) as running,
        application_at(server.url) as app,
        person_at(server, app) as person,  # type: ignore[arg-type]  # it needs the URL only
        httpx.AsyncClient(base_url="http://localhost:3000", timeout=scaled(60)) as browser,
    ):
        before = await browser.get("/")
        login = await browser.get("/api/auth/login")
        signed_in = await browser.get(await person.browse(login.headers["location"]))
        after = await browser.get("/")

        assert running.has(f"303 {ISSUER}/authorize?")
        assert "Sign in</a>" in before.text
        assert signed_in.status_code == 303, signed_in.text
        assert "You are signed in as" in after.text


@pytest.mark.parametrize("name", ["mcp-server", "fastmcp-server", "two-services", "nextjs"])
def test_a_readme_of_an_example_fits_on_one_screen(name: str) -> None:
    lines = (ROOT / "examples" / name / "README.md").read_text().splitlines()

    assert len(lines) <= 60
    assert all(len(line) <= 140 for line in lines)
