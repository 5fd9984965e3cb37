"""`WORKERS`: several processes that share a socket and end together (CONTRACT.md)."""

import signal
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cli.processes import PATIENCE_SECONDS, Server, serving
from tests.support.machine import scaled
from tests.support.server import is_worker

pytestmark = pytest.mark.timing


def workers_of(server: Server) -> list[psutil.Process]:
    """Both workers, once they exist; other children only track resources."""

    def both() -> list[psutil.Process]:
        found = [child for child in server.children() if is_worker(child)]
        return found if len(found) == 2 else []

    return server.eventually(both, "there are two workers")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_two_workers_share_a_database_and_exit_with_their_parent(
    tmp_path: Path, ending: signal.Signals
) -> None:
    """TRAPS: a killed parent leaves its workers serving"""
    with serving(tmp_path, WORKERS="2") as server:
        workers = workers_of(server)
        with httpx.Client(base_url=server.url, timeout=scaled(30)) as http:
            server.wait_until_it_is_ready(http)
        created = httpx.post(
            f"{server.url}/create_client",
            json={"client_name": "app", "redirect_uri": "http://localhost/"},
        ).json()
        client = (created["client_id"], created["client_secret"])
        statuses = {
            httpx.post(
                f"{server.url}/token", auth=client, data={"grant_type": "client_credentials"}
            ).status_code
            for _ in range(8)  # a connection each, so that both workers are asked
        }
        server.process.send_signal(ending)
        server.process.wait(scaled(PATIENCE_SECONDS))
        _, alive = psutil.wait_procs(workers, timeout=scaled(PATIENCE_SECONDS))

    assert statuses == {200}
    assert alive == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/health/live")
    assert "Traceback" not in server.log()


def test_workers_exit_if_their_parent_is_killed_during_startup(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2") as server:
        workers = workers_of(server)
        server.process.kill()
        server.process.wait(scaled(PATIENCE_SECONDS))
        _, alive = psutil.wait_procs(workers, timeout=scaled(30))

    assert alive == []
