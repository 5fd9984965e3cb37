"""The first page, registration and sign-in import in threads: the event loop goes on meanwhile."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine import run_variables, scaled

pytestmark = pytest.mark.both_databases

ROOT = Path(__file__).parents[2]

SCRIPT = """
import asyncio, importlib.abc, json, sys, threading

LATE = {"jinja2", "qrcode", "png", "PIL", "joserfc", "webauthn"}
blocking = []

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LATE and threading.current_thread() is threading.main_thread():
            blocking.append(name)

async def main():
    from tests.support.application import running_application

    async with running_application(sys.argv[1], migrate_on_start=True) as app:
        sys.meta_path.insert(0, Watch())
        html = {"accept": "text/html"}
        assert (await app.http.get(sys.argv[2], headers=html)).status_code == int(sys.argv[3])
        client, user = await app.create_client(), await app.enrolled_user()
        assert (await app.password_grant(client, user)).status_code == 200
        assert (await app.http.get("/jwks")).status_code == 200
        print(json.dumps(blocking))

asyncio.run(main())
"""


@pytest.mark.parametrize(("first_page", "status"), [("/login", "200"), ("/no-page", "404")])
@pytest.mark.slow
async def test_late_imports_run_in_threads(tmp_path: Path, first_page: str, status: str) -> None:
    """An import or a compilation on the event loop would stop every other request"""
    url = f"sqlite:///{tmp_path / 'postern.db'}"
    command = [sys.executable, "-c", SCRIPT, url, first_page, status]

    result = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=ROOT,
        env={"PATH": "", **run_variables()},
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1]) == []
