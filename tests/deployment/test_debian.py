"""The files and commands of docs/debian.md and docs/postgresql.md, checked by their programs."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.certificate import stored_certificate
from app.settings import Settings
from tests.deployment.files import text_of
from tests.support.application import SECRET_KEY
from tests.support.postgresql import PostgresServer
from tests.support.server import application_of, running_server

PAGES = ("docs/debian.md", "docs/postgresql.md")
BACKUPS = "/var/backups/postern"
SOCKETS = "host=/var/run/postgresql"
POSTERN = Path(sys.executable).with_name("postern")


def files_of(page: str) -> dict[str, str]:
    """Return the files that a page contains, each introduced by "Contents of `path`"."""
    pattern = r"^Contents of `([^`]+)`[^\n]*:\n\n((?: {4}[^\n]*\n|\n)+)"
    blocks = re.findall(pattern, text_of(page), re.MULTILINE)
    return {path: textwrap.dedent(text).strip() + "\n" for path, text in blocks}


FILES = {path: text for page in PAGES for path, text in files_of(page).items()}
UNITS = [path for path in FILES if path.startswith("/etc/systemd/system/")]


def commands_of(section: str) -> list[str]:
    """Return the commands in the blocks of a section of docs/postgresql.md."""
    text = text_of("docs/postgresql.md").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"^ {4}(sudo [^\n]+)$", text, re.MULTILINE)


def test_the_pages_contain_the_units_and_the_proxy_file() -> None:
    assert sorted(Path(path).name for path in UNITS) == [
        "postern-backup.service",
        "postern-backup.timer",
        "postern.service",
    ]
    assert FILES.keys() >= {"/etc/nginx/sites-available/postern", "/usr/local/sbin/postern"}


def test_the_documented_settings_are_valid_in_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    file = tmp_path / "settings"
    text = FILES["/etc/postern/.env"]
    file.write_text(re.sub("…", lambda _: secrets.token_urlsafe(48), text))

    settings = Settings(_env_file=file)

    assert settings.app_env == "production"
    assert settings.issuer == "https://login.example.com"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_units(unit: str, tmp_path: Path) -> None:
    for path in UNITS:
        text = FILES[path].replace("/opt/postern/bin/postern", str(POSTERN))
        (tmp_path / Path(path).name).write_text(text)

    # a mistake is a line on standard error; the exit code of most is 0
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / Path(unit).name)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in verified.stderr.splitlines() if "postern" in line] == []
    assert verified.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_accepts_the_proxy_file(tmp_path: Path) -> None:
    certificate, key = stored_certificate(tmp_path)
    site = FILES["/etc/nginx/sites-available/postern"]
    site = re.sub(r"\S+/fullchain\.pem", str(certificate), site)
    site = re.sub(r"\S+/privkey\.pem", str(key), site)
    site = re.sub(r"^ *listen \[::\].*\n", "", site, flags=re.MULTILINE)  # needs IPv6
    site = re.sub(r"listen (80|443)", r"listen 127.0.0.1:5\g<1>0", site)  # needs no rights
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"pid {tmp_path}/nginx.pid; error_log stderr;\nevents {{}}\nhttp {{\n"
        + "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + site
        + "}\n"
    )

    tested = subprocess.run(
        ["nginx", "-t", "-e", "stderr", "-c", str(configuration)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr


@pytest.fixture
def postgresql() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start(durable=False)
        yield server
    finally:
        server.remove()


def shell(server: PostgresServer, programs: Path, commands: list[str], **variables: str) -> None:
    """Run commands of the page as they are written, on this server and below this directory.

    `sudo` only changes the user, and systemd and `install` need root: they do less here.
    """
    programs.mkdir(exist_ok=True)
    stand_ins = {
        "sudo": '[ "$1" = -u ] && shift 2; exec "$@"',
        "systemctl": "exit 0",
        "install": 'for last; do :; done; exec mkdir -p "$last"',
        "postern": f'exec {POSTERN} "$@"',
    }
    for name, text in stand_ins.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    script = "\n".join(commands)
    script = script.replace(BACKUPS, str(programs.parent / "backups"))
    script = script.replace(SOCKETS, f"host={server.data}&port={server.port}")
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        check=True,
        cwd=programs.parent,
        stdout=subprocess.DEVNULL,
        env={
            **os.environ,
            "PATH": f"{programs}:{server.programs}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "postgres",
            **variables,
        },
    )


@pytest.mark.slow
async def test_a_deleted_account_is_back_after_the_documented_backup_and_restore(
    postgresql: PostgresServer, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    url = f"postgresql://postern@127.0.0.1:{postgresql.port}/postern"
    creation = re.findall(
        r"^ {4}(sudo -u postgres create.*)$", text_of("docs/debian.md"), re.MULTILINE
    )
    shell(postgresql, programs, creation)
    async with running_server(tmp_path, DATABASE_URL=url) as server:
        async with application_of(server) as app:
            username = (await app.register()).username
        shell(postgresql, programs, commands_of("Back up"))
        deletion = [f"DATABASE_URL={url} postern users delete {username} --yes"]
        shell(postgresql, programs, deletion, SECRET_KEY=SECRET_KEY)

    shell(postgresql, programs, commands_of("Restore"), SECRET_KEY=SECRET_KEY)

    shown = [f"DATABASE_URL={url} postern users show {username}"]
    shell(postgresql, programs, shown, SECRET_KEY=SECRET_KEY)
