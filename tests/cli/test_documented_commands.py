"""Every `postern` command in the documentation exists, with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from typer.main import get_command

from app.cli.application import ALIASES, application
from app.cli.commands import commands_for

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/**/*.md", "examples/*/README.md", "kit/README.md")
    for path in ROOT.glob(pattern)
)
IN_BACKTICKS = re.compile(r"`(?:\.venv/bin/)?(postern [^`]+)`")
IN_A_BLOCK = re.compile(r"^\s*(?:.*\s)?(?:\S*bin/)?(postern [a-z][^\n]*)$", re.MULTILINE)
END_OF_COMMAND = re.compile(r"\s[|>&#]|\s{3,}|;")


def without_table(text: str) -> str:
    """Return a document without the table of all actions, which is in the README."""
    before, heading, after = text.partition("\n## On the command line\n")
    return before + after.partition("\n\nAfter")[2] if heading else text


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield the words of each command, without what a shell does with its output."""
    text = re.sub(r"\\\n\s*", " ", text)
    blocks = "\n".join(
        re.findall(r"^(?: {4}|\$ )[^\n]*$", text, re.MULTILINE)
        + re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    )
    for command in {*IN_BACKTICKS.findall(text), *IN_A_BLOCK.findall(blocks)}:
        words = END_OF_COMMAND.split(command)[0]
        if words.count("'") % 2 == 0 and words.count('"') % 2 == 0:
            yield shlex.split(words)[1:]


def problem_of(words: list[str]) -> str | None:
    """Return what is wrong with a command, or None."""
    rest = [ALIASES.get(words[0], words[0]), *words[1:]]
    command = get_command(application(commands_for(rest)))
    while hasattr(command, "commands") and rest and re.fullmatch(r"[a-z][a-z-]+", rest[0]):
        name = rest.pop(0)
        if name not in command.commands:
            return f"there is no {name}"
        command = command.commands[name]
    options = {name for option in command.params for name in option.opts} | {"--help"}
    stated = (word.split("=")[0] for word in rest if re.match("--[a-z]", word))
    return next((f"there is no {name}" for name in stated if name not in options), None)


def test_every_command_in_the_documentation_exists_with_its_options() -> None:
    problems = {
        (document, " ".join(words)): problem_of(words)
        for document in DOCUMENTS
        for words in commands_in(without_table((ROOT / document).read_text()))
    }

    assert len(problems) > 150
    assert {command: problem for command, problem in problems.items() if problem} == {}
