"""`postern serve` for Typer: its help, and messages about mistakes in usage."""

from collections.abc import Iterator
from inspect import Parameter
from typing import Annotated, Any

from app.cli import serve
from app.cli.parameters import flag, option, parameter, whole_number, with_parameters
from app.cli.parsing import Commands

cli = Commands()


def _parameters() -> Iterator[Parameter]:
    for name, kind, text in serve.OPTIONS:
        if kind is bool:
            yield parameter(name, Annotated[bool, flag(f"--{name}", help=text)], default=False)
        else:
            details = whole_number() if kind is int else {}
            valued = option(f"--{name}", help=text, **details)
            yield parameter(name, Annotated[Any, valued], default=None)


@cli.command("serve")
@with_parameters(_parameters())
def run(**values: Any) -> int:
    """Start the server."""
    return serve.run(**values)
