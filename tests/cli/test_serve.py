"""`postern serve` (CONTRACT.md: running it)."""

import shlex
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.processes import Server, run, serving
from tests.support.machine import scaled

pytestmark = pytest.mark.slow


def paste(line: str) -> httpx.Response:
    """Does what `curl` would do with the line."""
    words = shlex.split(line)
    assert words[:3] == ["curl", "-X", "POST"]
    options = dict(zip(words[4::2], words[5::2], strict=True))
    name, _, value = options["-H"].partition(": ")
    return httpx.post(words[3], headers={name: value}, content=options["-d"])


def test_serve_works_in_an_empty_directory_and_stops_on_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path) as server, httpx.Client(base_url=server.url, timeout=scaled(30)) as http:
        server.wait_until_it_is_ready(http)
        curls = [line for line in server.banner().splitlines() if line.startswith("curl ")]
        person, client = paste(curls[0]), paste(curls[1])
        token = httpx.post(
            shlex.split(curls[2])[3],
            auth=(client.json()["client_id"], client.json()["client_secret"]),
            data={"grant_type": "client_credentials", "scope": "profile"},
        )
        docs = http.get("/docs")
        too_large = http.post("/token", content=b"x" * 10_000_000)
        code = server.terminate()

    assert (person.status_code, client.status_code, token.status_code) == (201, 201, 200)
    assert docs.status_code == 200
    assert too_large.status_code == 413  # and the connection was not cut before the answer
    assert code in (0, -signal.SIGTERM, 143)
    assert len(curls) == 3
    assert "(development)" in server.banner()
    assert f"{server.url.replace('127.0.0.1', 'localhost')}/docs" in server.banner()
    assert "SQLite, data/postern.db" in server.banner()
    assert {each.name for each in (tmp_path / "data").iterdir()} >= {"postern.db", "secret_key"}
    assert "Traceback" not in server.log()


def test_data_survives_kill_9_and_a_restart(tmp_path: Path) -> None:
    """Faults row 1"""
    with serving(tmp_path) as server, httpx.Client(base_url=server.url, timeout=scaled(30)) as http:
        created = http.post(
            "/create_client", json={"client_name": "app", "redirect_uri": "http://localhost/"}
        ).json()
        client = (created["client_id"], created["client_secret"])
        form = {"grant_type": "client_credentials"}
        token = http.post("/token", auth=client, data=form).json()["access_token"]
        server.process.kill()

    with serving(tmp_path) as server, httpx.Client(base_url=server.url, timeout=scaled(30)) as http:
        profile = http.get("/profile", headers={"authorization": f"Bearer {token}"})

    assert profile.json()["client_id"] == created["client_id"]


def test_a_busy_port_is_a_one_line_error_that_names_it(tmp_path: Path) -> None:
    """CONTRACT: one line that names the setting, exit code 2"""
    with serving(tmp_path) as server:
        port = server.url.rpartition(":")[2]
        second = run(tmp_path, "serve", PORT=port)

    assert second.returncode == 2
    assert second.stderr.startswith("postern: PORT: ")
    assert port in second.stderr
    assert second.stderr.count("\n") == 1
    assert second.stdout == ""


def test_an_invalid_setting_is_a_one_line_error_without_a_traceback(tmp_path: Path) -> None:
    """CONTRACT: one line that names the setting, exit code 2"""
    result = run(tmp_path, "serve", APP_ENV="development", OTP_POLICY="never")

    assert result.returncode == 2
    assert result.stderr.startswith("postern: OTP_POLICY: ")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_production_on_sqlite_starts_with_a_warning(tmp_path: Path) -> None:
    """CONTRACT: SQLite in production starts with a warning; SECURITY_BAR row 41"""
    with (
        serving(
            tmp_path,
            APP_ENV="production",
            SECRET_KEY="a-good-Key-Qm4x8sV1cN7pLz0eR5tYw2uB9",
            ISSUER="https://login.example.com",
        ) as server,
        httpx.Client(base_url=server.url, timeout=scaled(30)) as http,
    ):
        server.wait_until_it_is_ready(http)
        created = http.post(
            "/create_client", json={"client_name": "app", "redirect_uri": "http://localhost/"}
        )

    assert created.status_code == 401
    assert "(production)" in server.banner()
    assert "$ADMIN_TOKEN" in server.banner()
    assert "SQLite in production" in server.log()
    assert not (tmp_path / "data" / "secret_key").exists()


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_serve_listens_on_the_given_host(tmp_path: Path, host: str) -> None:
    server: Server
    with serving(tmp_path, "--host", host) as server:
        answer = httpx.get(f"{server.url}/health/live")

    assert answer.status_code == 200
    assert "(development)" in server.banner()


@pytest.mark.parametrize(("workers", "warns"), [("1", False), ("2", True)])
def test_several_workers_on_sqlite_log_a_warning_at_startup(
    tmp_path: Path, workers: str, warns: bool
) -> None:
    with serving(tmp_path, WORKERS=workers) as server:
        log = server.log()

    assert ("WORKERS=2 on SQLite is slower than one worker" in log) is warns
