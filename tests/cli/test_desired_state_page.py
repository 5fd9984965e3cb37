"""The commands of docs/desired-state.md and the seed of docker compose, on an empty server."""

import json
import re
import shlex
from pathlib import Path

import yaml

from app.services.operations.desired_state.kinds import KINDS
from tests.cli.conftest import Postern
from tests.cli.desired import on_server, written
from tests.conftest import AppFactory
from tests.support.application import Application

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "desired-state.md").read_text("utf-8")


async def test_every_command_of_the_page_succeeds(
    app: Application, postern: Postern, tmp_path: Path
) -> None:
    """The page sets variables by `export`, and redirects the output of `postern export`."""
    run = on_server(app, postern)
    (state,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    written(tmp_path, state)
    (line,) = re.findall(r"^ {4}export (.*)$", PAGE, re.MULTILINE)
    variables = dict(pair.split("=", 1) for pair in shlex.split(line))
    commands = re.findall(r"^ {4}postern (.*)$", PAGE, re.MULTILINE)

    for command in commands:
        words = shlex.split(command)
        file = words[words.index(">") + 1] if ">" in words else None
        result = await run(*(words[: words.index(">")] if file else words), **variables)
        assert result.code == 0, (command, result.errors)
        if file:
            written(tmp_path, result.output, file)

    assert len(commands) == 7
    assert json.loads(result.output)["changes"] == []


def test_the_table_of_the_page_names_every_section_and_member() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))

    assert set(rows) == {kind.section for kind in KINDS}
    for kind in KINDS:
        named = set(re.findall(r"`(\w+)`", rows[kind.section]))
        if kind.section != "clients":  # "all client metadata"
            assert named == set(kind.model.model_fields), kind.section


async def test_the_seed_of_docker_compose_can_be_applied(
    start_app: AppFactory, postern: Postern
) -> None:
    app = await start_app()
    run = on_server(app, postern)
    seed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["seed"]
    (secret,) = re.findall(r":-(.*)}", seed["environment"]["REPORTS_SECRET"])
    file = str(ROOT / seed["volumes"][0].partition(":")[0])

    applied = await run("apply", file, "--yes", REPORTS_SECRET=secret)
    again = await run("apply", file, "--yes")
    token = await app.http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=("reports", secret)
    )

    assert applied.code == 0, applied.errors
    assert again.output == "No changes.\n"
    assert token.json()["scope"] == "reports:read"
