"""The system starts no more threads: what runs goes on, and the rest is 503 for as long."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import AppFactory
from tests.support.machine import scaled
from tests.support.parts import services_of
from tests.support.server import environment

WITHOUT_THREADS = """
import sys, threading
def refuse(*_, **__):
    raise RuntimeError("can't start new thread")
threading._start_new_thread = refuse
from app.cli import main
sys.exit(main(["serve"]))
"""


@contextmanager
def no_more_threads() -> Iterator[None]:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading, "_start_new_thread", refuse)
        yield


async def test_a_started_server_does_not_need_additional_threads(start_app: AppFactory) -> None:
    app = await start_app()

    with no_more_threads():
        client, user = await app.create_client(), await app.enrolled_user()
        pair = (await app.password_grant(client, user)).json()
        refreshed = await app.refresh(client, pair["refresh_token"])
        profile = await app.profile(refreshed.json()["access_token"])
        ready = await app.http.get("/health/ready")

    assert [each.status_code for each in (refreshed, profile, ready)] == [200, 200, 200]


async def test_requests_that_need_a_new_thread_get_503_and_succeed_later(
    start_app: AppFactory,
) -> None:
    app = await start_app(database_pool_size=16)

    with no_more_threads():
        answers = await asyncio.gather(
            *(app.verify_otp(app.new_name(), "123456") for _ in range(30))
        )
    later = await app.enrolled_user()

    assert {each.status_code for each in answers} <= {401, 503}
    assert later.username


async def test_a_thread_that_cannot_be_started_causes_a_503_with_retry_after(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await start_app()
    user = await app.register()

    async def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(services_of(app).core.threads, "run", refuse)
    client = await app.create_client()
    token = await app.password_grant(client, user)
    enrolment = await app.http.post(
        "/enroll_otp", json={"username": user.username, "password": user.password}
    )

    assert token.json()["error"] == "temporarily_unavailable"
    assert [token.status_code, enrolment.status_code] == [503, 503]
    assert all(int(each.headers["retry-after"]) >= 1 for each in (token, enrolment))


def test_a_start_without_threads_fails_with_one_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_THREADS],
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(Path(__file__).parents[2])}),
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("postern: cannot start a thread: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_start_without_threads_also_fails_if_the_log_is_a_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        code = subprocess.run(
            [sys.executable, "-c", WITHOUT_THREADS],
            cwd=tmp_path,
            env=environment({"PYTHONPATH": str(Path(__file__).parents[2])}),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            timeout=scaled(60),
        ).returncode

    assert code == 2
    assert log.read_text().splitlines()[-1].startswith("postern: cannot start a thread: ")
