"""Generated requests over the whole of `/openapi.json`: no 500, and no status that is not told."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.support.application import NO_LIMITS
from tests.support.fuzzing import EXAMPLES, make_description
from tests.support.server import Server, application_of, running_server

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
PASSED = 0
SHORTER = ("--phases", "examples,fuzzing")
ALL_PASSED = re.compile(r"Test cases:\s+(\d+) generated, \1 passed\s")


async def fuzz(server: Server, directory: Path, *credentials: str) -> tuple[int, str]:
    """The exit code of schemathesis, and what it said."""
    url = f"{server.url}/openapi.json"
    await asyncio.to_thread(make_description, url)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
        "run",
        url,
        "--checks",
        ",".join(CHECKS),
        "--max-examples",
        EXAMPLES,
        "--seed",
        "6",
        "--continue-on-failure",
        "--no-color",
        *credentials,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode("utf-8", "replace")


@pytest.mark.parametrize("credentials", ["none", "client", "token"])
@pytest.mark.slow
async def test_generated_requests_get_only_documented_responses_and_no_500(
    tmp_path: Path, credentials: str
) -> None:
    """SECURITY_BAR rows 1, 4, 12, 15, 18 and 44"""
    limits = {name.upper(): str(value) for name, value in NO_LIMITS.items()}
    async with running_server(tmp_path, **limits) as server, application_of(server) as app:
        client = await app.create_client()
        response = await app.client_credentials(client)
        options = {
            "none": ("--phases", "examples,coverage,fuzzing,stateful"),
            "client": (*SHORTER, "--auth", f"{client.client_id}:{client.client_secret}"),
            "token": (
                *SHORTER,
                "--header",
                f"Authorization: Bearer {response.json()['access_token']}",
            ),
        }

        code, said = await fuzz(server, tmp_path, *options[credentials])

        assert code == PASSED, said
        assert ALL_PASSED.search(said), said
        assert "Traceback" not in server.log()
