"""A newer release has migrated the database: what the release before answers and logs."""

import logging

import pytest
from sqlalchemy import text

from tests.conftest import AppFactory
from tests.support.application import PASSWORD
from tests.support.loggers import loggers_as_before
from tests.support.parts import services_of

NEW_COLUMN = {
    "postgresql": "required VARCHAR(8) NOT NULL",
    "sqlite": "required VARCHAR(8) CHECK (required IS NOT NULL)",
}


@pytest.mark.parametrize("table", ["users", "clients"])
async def test_a_required_column_of_a_newer_release_is_a_logged_500_not_a_conflict(
    start_app: AppFactory, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR row 10 (faults): a free name is never reported as taken."""
    with loggers_as_before():
        app = await start_app()
        database = services_of(app).core.database
        async with database.backend.engines.writer.begin() as connection:
            column = NEW_COLUMN[database.backend.name]
            await connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column}"))
        logging.getLogger("postern").addHandler(caplog.handler)

        if table == "users":
            body = {"username": app.new_name(), "password": PASSWORD}
            answer = await app.http.post("/register_user", json=body)
        else:
            body = {"client_name": app.new_name(), "redirect_uri": "http://localhost/callback"}
            answer = await app.http.post("/create_client", json=body)

    assert answer.status_code == 500
    assert answer.json()["error"] == "server_error"
    assert "required" not in answer.text
    assert "RefusedRowError" in caplog.text
    assert "Traceback" in caplog.text
    assert "$argon2" not in caplog.text
