"""Generated requests over the admin API with all checks: what is documented is what happens."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.server import Server, running_server

CONFIGURATION = """
[[operations]]
include-method = ["PATCH", "PUT", "DELETE"]
exclude-path = "/admin/api/v1/clients/{client_id}/policies"

[operations.checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "429", "5xx"]

[[operations]]
include-path = "/admin/api/v1/clients/{client_id}/policies"

[operations.checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "429", "5xx"]
"""
"""A change without If-Match is 428, and one of a stale version 412; all else is the default.

The schema of policies cannot say what a URL is, so that some of the generated ones are refused.
"""
PASSED = 0
ALL_PASSED = re.compile(r"Test cases:\s+(\d+) generated, \1 passed[,\s]")


async def fuzz(server: Server, directory: Path) -> tuple[int, str]:
    """Return the exit code of schemathesis, and its output."""
    (directory / "schemathesis.toml").write_text(CONFIGURATION)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
        "run",
        f"{server.url}{PREFIX}/openapi.json",
        "--checks",
        "all",
        "--max-examples",
        "10",
        "--seed",
        "6",
        "--continue-on-failure",
        "--no-color",
        "--header",
        f"Authorization: Bearer {ADMIN_TOKEN}",
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode("utf-8", "replace")


@pytest.mark.slow
async def test_generated_requests_pass_all_checks(tmp_path: Path) -> None:
    """SECURITY_BAR rows 1, 15 and 18"""
    async with running_server(
        tmp_path,
        ADMIN_TOKEN=ADMIN_TOKEN,
        ADMIN_API_LIMIT="1000000",
        TOKEN_ERROR_LIMIT="1000000",  # each operation is called with a wrong token
    ) as server:
        code, output = await fuzz(server, tmp_path)

        assert code == PASSED, output
        assert ALL_PASSED.search(output), output
        assert "Traceback" not in server.log()
