"""`postern refusals …`: why a request was refused, and how to fix it."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Postern, Result
from tests.support.application import Application, TestClient
from tests.support.parts import services_of
from tests.support.visitor import query


@pytest.fixture
def refusals(app: Application, postern: Postern) -> Postern:
    """`postern refusals …` on the database of the running application."""

    async def run(*arguments: str) -> Result:
        await services_of(app).operations.activity.writer.run_once()
        return await postern("refusals", *arguments, DATABASE_URL=app.settings.database_url)

    return run


async def test_a_refusal_is_shown_by_its_request_id_with_the_command_that_fixes_it(
    app: Application, client: TestClient, refusals: Postern
) -> None:
    page = await app.http.get(f"/authorize?{query(client, redirect_uri='https://new.example/cb')}")

    shown = await refusals("show", page.headers["x-request-id"], "--json")

    row: dict[str, Any] = json.loads(shown.output)
    assert row["rule"] == "redirect_uri_not_registered"
    assert row["reason"] == "the redirect_uri https://new.example/cb is not registered"
    assert f"postern clients set {client.client_id} --add-redirect-uri URI" in row["advice"]
    assert (row["request"], row["status"], row["client_id"]) == (
        "GET /authorize",
        page.status_code,
        client.client_id,
    )


async def test_refusals_are_filtered_by_client_error_and_time(
    app: Application, client: TestClient, refusals: Postern
) -> None:
    for code in ("first", "second"):
        await app.token(client, grant_type="authorization_code", code=code)

    async def listed(*filters: str) -> list[dict[str, Any]]:
        result = await refusals("list", "--client", client.client_id, "--json", *filters)
        rows: list[dict[str, Any]] = json.loads(result.output)
        return rows

    assert [row["error"] for row in await listed()] == ["invalid_grant", "invalid_grant"]
    assert len(await listed("--limit", "1")) == 1
    assert await listed("--error", "invalid_scope") == []
    assert await listed("--since", "2100-01-01") == []
    assert await listed("--until", "2020-01-01") == []
    assert len(await listed("--until", "2100-01-01", "--network", "127.0.0.0/24")) == 2
    assert await listed("--network", "198.51.100.0/24") == []


async def test_an_unknown_request_id_is_refused_with_one_line(refusals: Postern) -> None:
    result = await refusals("show", "0123456789")

    assert (result.code, result.output) == (1, "")
    assert "There is no stored refusal with that request ID." in result.errors
