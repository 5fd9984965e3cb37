"""The `postern` command as a Typer application."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from typer.main import get_command

from app import __version__
from app.cli.commands import commands_for
from app.cli.parsing import Commands

ALIASES = {"upstream": "providers"}
"""Earlier names of commands, which go on working."""
EXAMPLES = """
\b
Examples:
  postern serve                             Start the server on localhost
  postern demo                              Run the whole quick start
  postern demo --browser                    Try the sign-in in your browser
  postern migrate                           Migrate the database to this release
  postern admin create NAME                 Create the first administrator
  postern users list                        List users
  postern users import users.csv --dry-run  Check a file of users
  postern users reset-password NAME --link  Print a link for setting a password
  postern clients rotate ID                 Print a new secret for a client
  postern keys rotate --now                 Sign with new keys
  postern audit verify                      Verify the audit log
"""


def application(commands: Iterable[Commands]) -> Commands:
    """Return `postern` with these commands. On a terminal, its help is drawn with Rich."""
    postern = Commands(
        epilog=EXAMPLES,
        context_settings={"help_option_names": ["--help", "-h"]},
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
    )
    postern.callback()(_postern)
    for command in commands:
        postern.add_typer(command)
    return postern


def run(words: Sequence[str]) -> int:
    """Run a command and return its exit code."""
    if words:
        words = [ALIASES.get(words[0], words[0]), *words[1:]]
    try:
        get_command(application(commands_for(words))).main(words, prog_name="postern")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"postern {__version__}")
        raise typer.Exit


def _postern(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    """An async OAuth 2.1 authorization server."""
