"""`postern` on the command line: one file a command, one line a command below."""

import argparse
import sys
from collections.abc import Sequence

from app import __version__
from app.cli import audit, clients, demo, keys, migrate, serve, upstream, users
from app.cli.base import Command
from app.errors import PosternError, StartupError

COMMANDS: tuple[Command, ...] = (
    serve.COMMAND,
    migrate.COMMAND,
    demo.COMMAND,
    users.COMMAND,
    clients.COMMAND,
    keys.COMMAND,
    audit.COMMAND,
    upstream.COMMAND,
)

EXIT_WRONG_INPUT = 1
EXIT_CANNOT_START = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; a mistake is a line on standard error and an exit code."""
    parser = argparse.ArgumentParser(
        prog="postern", description="An async OAuth 2.1 authorization server."
    )
    parser.add_argument("--version", action="version", version=f"postern {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    for command in COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    parsed = parser.parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except StartupError as error:
        for line in error.lines:
            print(f"postern: {line}", file=sys.stderr)
        return EXIT_CANNOT_START
    except PosternError as error:
        print(f"postern: {error.detail}", file=sys.stderr)
        return EXIT_WRONG_INPUT
    except KeyboardInterrupt:
        return 130
    return code
