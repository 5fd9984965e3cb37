"""The `postern` command line: each command is a file here and a line in `commands.py`.

Only the requested command is imported. `serve` and `migrate` check the settings before they import
the application, so that repeated starts with invalid settings cost little.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence

from app import __version__
from app.cli.base import Command
from app.errors import PosternError
from app.server.refusals import EXIT_CANNOT_START, lines_for, print_refusal
from app.settings import environment_value

EXIT_WRONG_INPUT = 1
BROKEN_PIPE = 0
ALIASES = {"upstream": "providers"}
"""Earlier names of commands, which go on working."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; print errors to standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="postern", description="An async OAuth 2.1 authorization server."
    )
    parser.add_argument("--version", action="version", version=f"postern {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in _commands_for(words):
        subparser = subparsers.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            aliases=[alias for alias, name in ALIASES.items() if name == command.name],
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    parsed = parser.parse_args(words)
    try:
        code: int = parsed.run(parsed)
        sys.stdout.flush()
    except BrokenPipeError:  # for example with `| head`
        _let_the_rest_go()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        lines = lines_for(error)
        if lines is not None:
            print_refusal(lines, as_json=_logs_json(parsed.command))
            return EXIT_CANNOT_START
        if isinstance(error, PosternError):
            print(f"postern: {error.detail}", file=sys.stderr)
            return EXIT_WRONG_INPUT
        raise
    return code


def _commands_for(given: Sequence[str]) -> Sequence[Command]:
    """Return the requested command, or all of them for help and for an unknown name."""
    name = ALIASES.get(given[0], given[0]) if given else ""
    if name.isidentifier() and importlib.util.find_spec(f"{__name__}.{name}") is not None:
        command = getattr(importlib.import_module(f"{__name__}.{name}"), "COMMAND", None)
        if isinstance(command, Command):
            return (command,)
    from app.cli.commands import COMMANDS  # imported late because it imports the whole application

    return COMMANDS


def _logs_json(command: str) -> bool:
    return command == "serve" and environment_value("LOG_FORMAT") == "json"


def _let_the_rest_go() -> None:
    """Discard the buffered output, because its reader has closed the pipe."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(null_device, stream.fileno())
