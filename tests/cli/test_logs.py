"""What a server prints: a banner that fits its environment, and a log in one format."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.processes import Server, run, serving
from tests.cli.test_workers import workers_of
from tests.deployment.files import run_python

pytestmark = pytest.mark.slow

PRODUCTION = {
    "APP_ENV": "production",
    "SECRET_KEY": "a-good-Key-Qm4x8sV1cN7pLz0eR5tYw2uB9",
    "ISSUER": "https://login.example.com",
}
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")


def parsed(text: str) -> list[dict[str, Any]]:
    """Fails where a line is not a JSON object."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    return lines


def ask(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as http:
        server.wait_until_it_is_ready(http)
        http.get("/no-such-page")
        http.post("/token", data={"grant_type": "nonsense"})


def test_the_production_banner_names_the_issuer_and_no_sample_password(tmp_path: Path) -> None:
    with serving(tmp_path, **PRODUCTION) as server:
        banner = server.banner()

    assert "issuer     https://login.example.com" in banner
    assert "https://login.example.com/docs" in banner
    assert "password" not in banner
    assert "testuser" not in banner
    assert 'https://login.example.com/create_client -H "Authorization: Bearer $ADMIN_TOKEN"' in (
        banner
    )


def test_the_banner_says_that_a_profile_holds(tmp_path: Path) -> None:
    """FAPI 2.0 section 5.3.2.1: what is not served, and a client that is"""
    with serving(tmp_path, PROFILE="fapi2") as server:
        banner = server.banner()

    assert "profile    FAPI 2.0: no password grant, no public clients" in banner
    assert "postern clients create UserApp --kind web --profile fapi2" in banner
    assert "create_client" not in banner
    assert "grant_type" not in banner


def test_a_json_log_contains_only_json(tmp_path: Path) -> None:
    """Banner, requests, the supervisor, warnings and a worker that died"""
    variables = {**PRODUCTION, "LOG_FORMAT": "json", "WORKERS": "2", "ACCESS_LOG": "true"}
    with serving(tmp_path, **variables) as server:
        first = workers_of(server)
        ask(server)
        server.eventually(lambda: "postern.access" in server.log(), "it logs the requests")
        os.kill(first[0].pid, signal.SIGKILL)
        server.eventually(lambda: "starting another one" in server.log(), "it says so")
        server.terminate()
        output, log = server.banner(), server.log()

    banner = parsed(output)
    entries = parsed(log)
    assert len(banner) == 1
    assert "issuer https://login.example.com" in banner[0]["message"]
    assert "password" not in output
    assert {"postern.access", "uvicorn.error"} <= {each["logger"] for each in entries}
    assert any("SQLite in production" in each.get("message", "") for each in entries)
    told = [each for each in entries if str(first[0].pid) in each.get("message", "")]
    assert [each["level"] for each in told if "died" in each["message"]] == ["WARNING"]


def test_a_refused_start_is_reported_as_json_if_the_log_is_json(tmp_path: Path) -> None:
    result = run(tmp_path, "serve", LOG_FORMAT="json", OTP_POLICY="never")

    (line,) = parsed(result.stderr)
    assert result.returncode == 2
    assert line["level"] == "ERROR"
    assert line["message"].startswith("OTP_POLICY: ")


def test_warnings_library_logs_and_tracebacks_are_json_too(tmp_path: Path) -> None:
    result = run_python(
        """
import logging, threading, warnings
from app.observability.logging import configure_process_logging

for _ in range(2):
    configure_process_logging(log_format="json", level="INFO")
logging.getLogger("alembic.runtime.migration").warning("a step")
logging.getLogger("asyncio").error("a task", exc_info=RuntimeError("in a task"))
warnings.warn("an old name", DeprecationWarning, stacklevel=1)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("nobody caught it")
""",
        tmp_path,
        PYTHONWARNINGS="always",
        PYTHONPATH=str(Path(__file__).parents[2]),
    )

    entries = parsed(result.stderr)
    assert [each["logger"] for each in entries] == [
        "alembic.runtime.migration",
        "asyncio",
        "py.warnings",
        "postern.observability.logging",
        "postern.observability.logging",
    ]
    assert "an old name" in entries[2]["message"]
    assert "ZeroDivisionError" in entries[3]["traceback"]
    assert "nobody caught it" in entries[4]["traceback"]
    assert result.returncode == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_text_line_has_a_time_stamp(tmp_path: Path, workers: str) -> None:
    with serving(tmp_path, ACCESS_LOG="true", WORKERS=workers) as server:
        ask(server)
        server.terminate()
        lines = server.log().splitlines()

    assert any("GET /no-such-page 404" in line for line in lines)
    assert [line for line in lines if not STAMP.match(line)] == []
