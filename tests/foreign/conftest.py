"""A running server for clients that are not ours, and the person they send to it."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.conftest import browser as browser
from tests.support.application import Application
from tests.support.machine import scaled
from tests.support.server import Server, application_of, running_server

NODE = Path(__file__).parent / "node"
NODE_PACKAGES = ("openid-client", "jose", "@modelcontextprotocol/client")
JWT_PACKAGES = ("pyjwt[crypto]>=2.10,<3",)
MCP_PACKAGES = (
    "mcp>=2.3,<3", "fastmcp>=4.2,<5", "pyjwt[crypto]>=2.10,<3", "fastapi", "uvicorn", "httpx",
)  # fmt: skip
DJANGO_PACKAGES = ("django>=5.2,<6", "django-allauth[socialaccount]>=65.22,<66")


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def app(server: Server) -> AsyncIterator[Application]:
    async with application_of(server) as made:
        yield made


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """The clients from their registry, as `package.json` says; fetched once for a checkout."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed: apt-get install nodejs npm")
    with (NODE / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # one process of the tests installs, the others wait
        if not all((NODE / "node_modules" / name).is_dir() for name in NODE_PACKAGES):
            subprocess.run(
                ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"],
                cwd=NODE,
                check=True,
                timeout=scaled(180),
            )
    return NODE


@pytest.fixture(scope="session")
def django_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with Django and allauth."""
    return python_with(DJANGO_PACKAGES, tmp_path_factory.mktemp("django"))


@pytest.fixture(scope="session")
def mcp_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the official SDK, FastMCP and FastAPI."""
    return python_with(MCP_PACKAGES, tmp_path_factory.mktemp("mcp"))


@pytest.fixture(scope="session")
def jwt_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with PyJWT."""
    return python_with(JWT_PACKAGES, tmp_path_factory.mktemp("pyjwt"))


def python_with(packages: Sequence[str], directory: Path) -> Path:
    environment = directory / "environment"
    python = environment / "bin" / "python"
    uv = [str(Path(sys.executable).parent / "uv")]
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(environment)],
        ["pip", "install", "--quiet", "--python", str(python), *packages],
    ):
        subprocess.run([*uv, *command], check=True, timeout=scaled(180))
    return python
