"""Generated requests over the admin API with all checks: what is documented is what happens."""

import asyncio
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.schemas.authorization_types import EXAMPLE
from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi
from tests.support.fuzzing import EXAMPLES, make_description
from tests.support.server import Server, application_of, running_server

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
WEBHOOK = {"url": "https://receiver.invalid/", "event_types": ["user.created"]}
NAMED: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "/attributes": lambda _: {"type": "string", "applies_to": "both"},
    "/scopes": lambda _: {"description": "Read your reports"},
    "/resources": lambda name: {
        "identifier": f"https://{name}.example.com",
        "title": name,
        "is_open_to_all_clients": True,
    },
    "/authorization-types": lambda _: EXAMPLE,
    "/providers": lambda name: {"issuer": f"https://{name}.example.com", "client_id": "us"},
}
"""The other members of objects that have a name, by where they are created."""
SEEDS = 5
"""Objects of each kind that exist when the requests begin; some of them are deleted."""
SEEDED = """
[dictionaries.{kind}]
values = {ids}

[parameters."path.{parameter}"]
dictionary = "{kind}"
probability = 0.5
"""
PASSED = 0
ALL_PASSED = re.compile(r"Test cases:\s+(\d+) generated, \1 passed[,\s]")


async def seeded(api: AdminApi) -> dict[str, list[str]]:
    """Create objects, and return their ids by the parameter of the path that names them.

    What has a name is named alike, whatever its kind: all have the parameter `name`.
    """
    names = [f"seeded{number}" for number in range(SEEDS)]
    ids: dict[str, list[str]] = {"name": names, "host": names}

    async def create(path: str, parameter: str | None, *bodies: dict[str, Any]) -> None:
        for body in bodies:
            response = await api.post(path, body)
            assert response.status_code == 201, response.text
            if parameter is not None:
                ids.setdefault(parameter, []).append(str(response.json()[parameter]))

    passwords = "a passphrase of seeded users"
    await create("/users", "user_id", *({"username": n, "password": passwords} for n in names))
    await create("/groups", "group_id", *({"name": n} for n in names))
    await create("/roles", "role_id", *({"name": n} for n in names))
    await create(
        "/clients",
        "client_id",
        *({"client_id": n, "client_name": n, "kind": "service"} for n in names),
    )
    await create("/webhooks", "webhook_id", *({**WEBHOOK, "description": n} for n in names))
    await create("/initial-access-tokens", "token_id", *({"label": n} for n in names))
    for path, members in NAMED.items():
        await create(path, None, *({**members(n), "name": n} for n in names))
    for name in names:
        assert (await api.put(f"/blocked-hosts/{name}")).status_code == 204
    return ids


async def fuzz(server: Server, directory: Path, ids: Mapping[str, list[str]]) -> tuple[int, str]:
    """Return the exit code of schemathesis, and its output."""
    tables = [
        SEEDED.format(kind=f"of_{name}", parameter=name, ids=values) for name, values in ids.items()
    ]
    (directory / "schemathesis.toml").write_text(CONFIGURATION + "".join(tables))
    url = f"{server.url}{PREFIX}/openapi.json"
    await asyncio.to_thread(make_description, url)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
        "run",
        url,
        "--checks",
        "all",
        "--max-examples",
        EXAMPLES,
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
        async with application_of(server) as app:
            ids = await seeded(AdminApi(app))

        code, output = await fuzz(server, tmp_path, ids)

        assert code == PASSED, output
        assert ALL_PASSED.search(output), output
        assert "Traceback" not in server.log()
