"""Walks: documents whose blocks change the repository step by step, applied to a copy of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.support.databases import SERVER_VARIABLE
from tests.support.machine import scaled

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COPIED = (
    "app", "docs", "migrations", "tests", "tools", "Makefile", "babel.cfg", "pyproject.toml",
    "requirements", "alembic.ini", ".env.example", "compose.production.yml",
)  # fmt: skip
NEXT_HUNK = "@@"
SECONDS = 120


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it belongs to ("" if none), and its text."""

    language: str
    file: str
    text: str
    before: str
    """The document up to the block."""


def blocks_of(document: str) -> list[Block]:
    """Return the fenced blocks of a document. A block for a file has `file=` after its language."""
    lines = document.splitlines(keepends=True)
    blocks = []
    for token in MarkdownIt("commonmark").parse(document):
        if token.type == "fence" and token.map is not None:
            language, _, file = token.info.partition(" file=")
            before = "".join(lines[: token.map[0]])
            blocks.append(Block(language, file, token.content, before))
    return blocks


def copied_repository(directory: Path) -> Path:
    """Copy what the walks change and test, with the compiled modules."""
    directory.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name)
        else:
            shutil.copy2(source, directory / name)
    return directory


def apply(block: Block, directory: Path) -> None:
    """Create or change the file of a block, or run the commands of a block without a file."""
    path = directory / block.file
    if block.language == "sh":
        for line in block.text.splitlines():
            run(line, directory)
    elif block.language == "diff":
        path.write_text(changed(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")
    else:
        assert not path.exists(), f"{block.file} exists"
        path.write_text(block.text, encoding="utf-8")


def changed(text: str, diff: str) -> str:
    """Apply the hunks of a diff without line numbers; each must fit in exactly one place."""
    for old, new in _hunks(diff):
        assert text.count(old) == 1, f"{text.count(old)} places for:\n{old}"
        text = text.replace(old, new)
    return text


def run(command: str, directory: Path) -> None:
    """Run a command of a walk in the copy, with this environment's programs."""
    name, *arguments = command.split()
    if name == "make":
        words = ["make", f"BIN={BIN}", "--old-file=.venv/.dev", *arguments]
    else:
        assert name.startswith(".venv/bin/"), command
        words = [str(BIN / Path(name).name), *arguments]
    not_inherited = ("PYTEST_", "COVERAGE_")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(not_inherited)},
        "PYTHONPATH": str(directory),
        "TEST_DATABASE_URL": os.environ[SERVER_VARIABLE],
    }
    result = subprocess.run(
        words,
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=scaled(SECONDS),
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def _hunks(diff: str) -> Iterator[tuple[str, str]]:
    """Yield the old and the new text of each hunk."""
    hunks: list[list[str]] = [[]]
    for line in diff.splitlines(keepends=True):
        if line.strip() == NEXT_HUNK:
            hunks.append([])
        else:
            hunks[-1].append(line)
    for hunk in hunks:
        yield (
            "".join(line[1:] for line in hunk if line[0] != "+"),
            "".join(line[1:] for line in hunk if line[0] != "-"),
        )
