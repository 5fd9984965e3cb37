"""The files that deployments are made of, read as their tools read them."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from app.cli.commands import COMMANDS
from app.settings import Settings
from tests.support.machine import run_variables

ROOT = Path(__file__).parents[2]
COMPOSE = "docker-compose.yml"
PRODUCTION = "compose.production.yml"
COMMAND_NAMES = set(COMMANDS)
SETTING_NAMES = {name.upper() for name in Settings.model_fields}


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def yaml_of(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text_of(name))
    return parsed


def json_of(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text_of(name))
    return parsed


def instructions_of(dockerfile: str) -> list[tuple[str, str]]:
    """Name and argument of each instruction, continued lines joined and comments left out."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (name, rest)
        for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def variables_in(text: str) -> set[str]:
    """The variables that a file takes from outside: `$NAME`, `${NAME}`, `${NAME:-…}`."""
    return set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", text))


def run_with_a_postern_that_prints_its_environment(
    command: str, directory: Path, **environment: str
) -> dict[str, str]:
    """Runs a shell line of a platform and gives the environment its `postern serve` would see."""
    stub = directory / "postern"
    stub.write_text('#!/bin/sh\n[ "$*" = serve ] && exec env -0\n')
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    result = subprocess.run(
        ["/bin/sh", "-c", command],
        env={"PATH": f"{directory}{os.pathsep}/usr/bin{os.pathsep}/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(entry.split("=", 1) for entry in result.stdout.split("\0") if entry)


def locked_entries(name: str) -> list[str]:
    """Return the entries of `requirements/<name>.txt`, each with its hashes on one line."""
    text = text_of(f"requirements/{name}.txt").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def locked_versions(name: str) -> dict[str, str]:
    pinned = [entry.split()[0].split("==") for entry in locked_entries(name)]
    return {canonicalize_name(package): version for package, version in pinned}


def run_python(
    source: str, directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs a program with this interpreter, and with no variables but those given."""
    return subprocess.run(
        [sys.executable, "-c", source, *arguments],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            **run_variables(),
            "ACCESS_LOG": "false",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
