"""The `postern` command line: each command is a file here and a line in `commands.py`.

Only the requested command is imported. Commands import the application late, inside the functions
that need it, so that help, completion and starts with invalid settings cost little. `serve` is
parsed without Typer, so that a running server holds neither Typer nor Rich in memory.
"""

import sys
from collections.abc import Sequence

from app.cli.outcomes import exit_code_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; print errors to standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["serve"]:
        from app.cli import serve

        options = serve.parse(words[1:])
        if options is not None:
            return exit_code_of(lambda: serve.run(**options), is_server=True)
    from app.cli.application import run

    return run(words)
