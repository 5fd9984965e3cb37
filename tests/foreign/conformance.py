"""The conformance runner of the Model Context Protocol, as a process."""

import asyncio
import json
import re
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.support.machine import scaled
from tests.support.waiting import within

SECONDS = 90
PACKAGES = ("node@22", "@modelcontextprotocol/conformance@0.2.0-alpha.12")
PROGRAM = Path("node_modules/@modelcontextprotocol/conformance/dist/index.js")
NODE = Path("node_modules/node/bin/node")
"""The runner needs Node 22, which a system may not have; npm has it as a package."""


def install(directory: Path) -> None:
    """Install the runner, with the Node that it needs, in an empty directory."""
    (directory / "package.json").write_text('{"private": true}')
    subprocess.run(
        ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--silent", *PACKAGES],
        cwd=directory,
        check=True,
        timeout=scaled(240),
    )


async def run_authorization_scenarios(
    directory: Path, results: Path, sign_in: Callable[[str], Awaitable[None]], **options: str
) -> tuple[dict[str, Any], str]:
    """Run the scenarios for authorization servers, and return each check with the output.

    The runner prints the URL that a user opens, for which `sign_in` is called.
    """
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    process = await asyncio.create_subprocess_exec(
        str(directory / NODE), str(directory / PROGRAM), "authorization",
        *arguments, f"--output-dir={results}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with within(SECONDS):
            async for line in process.stdout:
                lines.append(line.decode().rstrip())
                if re.match(r"https?://\S+/authorize\?", lines[-1]):
                    await sign_in(lines[-1])
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _checks_in(results), "\n".join([*lines, f"exit code {process.returncode}"])


def _checks_in(results: Path) -> dict[str, Any]:
    checks = [
        each for path in results.rglob("checks.json") for each in json.loads(path.read_bytes())
    ]
    return {check["id"]: check for check in checks}
