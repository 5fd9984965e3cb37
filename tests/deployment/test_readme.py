"""The first commands of the README, run by a shell against a real server, and its pictures."""

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deployment.files import ROOT, text_of
from tests.support.server import application_of, running_server
from tests.support.visitor import answer_in, visiting

SECTION = text_of("README.md").partition("## Try it\n")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^ {4}((?!make)[^\n]+)$", SECTION, re.MULTILINE)
IMAGES = re.findall(r'<img src="([^"]+)"', text_of("README.md"))


async def shell(*commands: str) -> str:
    """Return what commands print; the last one may use the variables of those before it."""
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="needs bash, curl and openssl"
)
async def test_the_first_commands_of_the_readme_issue_tokens(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server, application_of(server) as app:
        commands = [each.replace("localhost:5000", f"127.0.0.1:{server.port}") for each in COMMANDS]
        create_client, client_credentials, verifier, challenge, url, exchange = commands
        client = json.loads(await shell(create_client))

        def filled_in(command: str, code: str = "") -> str:
            command = command.replace(
                "ID:SECRET", f"{client['client_id']}:{client['client_secret']}"
            )
            return command.replace("client_id=ID", f"client_id={client['client_id']}").replace(
                "code=CODE", f"code={code}"
            )

        machine = json.loads(await shell(filled_in(client_credentials)))
        steps = (verifier, challenge, "echo $VERIFIER", filled_in(url))
        secret, address = (await shell(*steps)).split()
        user = await app.enrolled_user()
        async with visiting(app) as visitor:
            page = await visitor.follow(await visitor.http.get(address))
            page = await visitor.give_password(page, user)
            page = await visitor.submit(page, code=app.code(user, steps=1))  # each is accepted once
            code = answer_in(await visitor.allow(await visitor.follow(page)))["code"]
        tokens = json.loads(await shell(f"VERIFIER={secret}", filled_in(exchange, code)))

    assert machine["access_token"].startswith("postern_at_")
    assert tokens.keys() >= {"access_token", "refresh_token", "id_token"}


def test_the_pictures_of_the_readme_exist_and_are_small() -> None:
    sizes = [(ROOT / image).stat().st_size for image in IMAGES]

    assert len(sizes) == 6
    assert sum(sizes) < 400_000
