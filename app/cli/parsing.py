"""Typer applications that accept the same words as the earlier command line on argparse."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from app.cli.outcomes import exit_code_of

Context = Any
"""Typer does not export the class of its contexts."""
NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
EXIT_WRONG_USAGE = 2


class Commands(typer.Typer):
    """Commands of `postern`; with a name, they are the actions of one command.

    A command returns its exit code, or None for 0.
    """

    def __init__(self, name: str | None = None, **options: Any) -> None:
        super().__init__(name=name, cls=_Group, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        def register(function: Callable[..., int | None]) -> Callable[..., int | None]:
            paragraphs = (inspect.getdoc(function) or "").split("\n\n")
            text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
            details = {"cls": _Command, "help": text, **options}
            return super(Commands, self).command(name, **details)(function)

        return register


class _Group(TyperGroup):
    """A command with actions; without any word, it prints its help and fails."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            with redirect_stdout(sys.stderr):
                print(ctx.get_help())
            ctx.exit(EXIT_WRONG_USAGE)
        return super().parse_args(ctx, args)


class _Command(TyperCommand):
    """A command or an action.

    A negative number is an argument. An option may be abbreviated, and its value does not begin
    with a dash unless it follows an equals sign.
    """

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # as it is for completion
            args = self._options_first(ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> None:
        code = exit_code_of(partial(super().invoke, ctx), is_server=self.name == "serve")
        ctx.exit(code)

    def _options_first(self, ctx: Context, words: Sequence[str]) -> list[str]:
        """Return the words with full names of options, which come before `--` and the arguments."""
        options = {
            name: option
            for option in self.get_params(ctx)
            if isinstance(option, TyperOption)
            for name in option.opts
        }
        named: list[str] = []
        arguments: list[str] = []
        rest = iter(words)
        for word in rest:
            if word == "--":
                arguments.extend(rest)
            elif _is_argument(word, options):
                arguments.append(word)
            else:
                name, equals, value = word.partition("=")
                name = _in_full(name, options)
                if name in ctx.help_option_names:
                    return [name]  # whatever else is wrong
                named.append(f"{name}{equals}{value}")
                takes_value = name in options and not options[name].is_flag
                if takes_value and not equals:
                    named.append(_value_of(name, rest, options, ctx))
                elif name in options and equals and not takes_value:
                    ctx.fail(f"Option {name!r} does not take a value.")
        return [*named, "--", *arguments]


def _value_of(
    name: str, rest: Iterator[str], options: Mapping[str, TyperOption], ctx: Context
) -> str:
    value = next(rest, "--")
    if not _is_argument(value, options):
        ctx.fail(f"Option {name!r} requires an argument.")
    return value


def _is_argument(word: str, options: Mapping[str, TyperOption]) -> bool:
    if not word.startswith("-") or word == "-" or NEGATIVE_NUMBER.fullmatch(word):
        return True
    return " " in word and word.partition("=")[0] not in options


def _in_full(name: str, options: Mapping[str, TyperOption]) -> str:
    """Return the only option that begins like this, or the name itself."""
    if name in options or not name.startswith("--"):
        return name
    matches = [option for option in options if option.startswith(name)]
    return matches[0] if len(matches) == 1 else name
