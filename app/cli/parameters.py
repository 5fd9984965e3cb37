"""Options and arguments of commands, as annotations for Typer.

Typer validates no text: a name may be empty or hold bytes that are not UTF-8, and the services
refuse it with the same line as any other.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from app.errors import InvalidInputError

Function = TypeVar("Function", bound=Callable[..., Any])


def argument(**details: Any) -> Any:
    """Return an argument that is text, or what `details` make of it."""
    return typer.Argument(**{"parser": str, **details})


def option(name: str, **details: Any) -> Any:
    """Return an option with a value that is text, or what `details` make of it."""
    return typer.Option(name, **{"parser": str, "metavar": "TEXT", **details})


def flag(name: str, *, help: str) -> Any:  # noqa: A002 - the name of Typer
    """Return an option without a value."""
    return typer.Option(name, metavar="", help=help)


def whole_number() -> dict[str, Any]:
    """Return the details of an option whose value is a whole number."""

    def parse(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise typer.BadParameter("must be a whole number") from None

    return {"parser": parse, "metavar": "NUMBER"}


def one_of(values: Sequence[str]) -> dict[str, Any]:
    """Return the details of an option or argument that is one of these values."""

    def parse(text: str) -> str:
        if text not in values:
            raise typer.BadParameter(f"must be one of {', '.join(values)}")
        return text

    return {"parser": parse, "autocompletion": lambda: list(values)}


def parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """Return a parameter for `with_parameters`."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def text_parameter(name: str, **details: Any) -> inspect.Parameter:
    """Return the parameter of an option such as `--title`, for `with_parameters`."""
    return parameter(_key_of(name), Annotated[str | None, option(name, **details)], None)


def texts_parameter(name: str, metavar: str, text: str, **details: Any) -> inspect.Parameter:
    """Do the same for an option that can be repeated."""
    details = {**details, "metavar": metavar, "help": text}
    return parameter(_key_of(name), Annotated[list[str] | None, option(name, **details)], None)


def flag_parameter(name: str, text: str) -> inspect.Parameter:
    """Do the same for an option without a value."""
    return parameter(_key_of(name), Annotated[bool, flag(name, help=text)], False)


def seconds_parameter(name: str, **details: Any) -> inspect.Parameter:
    """Do the same for an option that is a number of seconds."""
    details = {**whole_number(), "metavar": "SECONDS", **details}
    return parameter(_key_of(name), Annotated[int | None, option(name, **details)], None)


def _key_of(name: str) -> str:
    return name.removeprefix("--").replace("-", "_")


def with_parameters(parameters: Iterable[inspect.Parameter]) -> Callable[[Function], Function]:
    """Declare parameters to Typer that a command takes as `**values`."""

    def declare(function: Function) -> Function:
        signature = inspect.signature(function)
        own = [
            each
            for each in signature.parameters.values()
            if each.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        function.__signature__ = signature.replace(parameters=[*own, *parameters])  # type: ignore[attr-defined]  # read by inspect
        return function

    return declare


AsJson = Annotated[bool, flag("--json", help="Print JSON.")]
IsConfirmed = Annotated[bool, flag("--yes", help="Confirm the deletion, which cannot be undone.")]
Limit = Annotated[int | None, option("--limit", **whole_number(), help="List at most this many.")]
SecretFromStdin = Annotated[
    bool,
    flag(
        "--secret-stdin", help="Read a chosen secret of at least 32 characters from standard input."
    ),
]


def require_confirmation(what: str, *, is_confirmed: bool) -> None:
    """Raise `InvalidInputError` for a deletion without --yes; `what` is as in "an account"."""
    if not is_confirmed:
        raise InvalidInputError(f"Deleting {what} cannot be undone. Use --yes to confirm.")
