"""Calls of every public method of every repository, with arguments made from its annotations."""

import dataclasses
import enum
import importlib
import inspect
import pkgutil
import sys
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import app.repositories
from app.database.database import Database
from app.models.operations.audit_outbox import NewEvent
from tests.repositories.plans.rows import BASE, ROWS, digest, instant, text_named
from tests.support.events import new_event

AT_BASE = frozenset({"now", "before", "since"})


@dataclass(frozen=True)
class Method:
    """A public method of a repository, or an object that a repository offers to be called."""

    name: str
    call: Callable[..., Any]

    @property
    def adds(self) -> bool:
        return self.name.partition(".")[2].startswith("add")


def repositories(database: Database) -> list[Any]:
    """One of each class that is built on a database."""
    return [
        _built(each, {"database": database})
        for module in _modules()
        for each in vars(module).values()
        if inspect.isclass(each)
        and each.__module__ == module.__name__
        and each.__name__.endswith("Repository")
    ]


def _built(kind: Any, given: dict[str, Any]) -> Any:
    hints = _hints_of(kind.__init__)
    names = [
        name
        for name, parameter in inspect.signature(kind).parameters.items()
        if name in given or parameter.default is parameter.empty
    ]
    return kind(
        **{name: given.get(name) or argument(hints[name], name, 1, flag=False) for name in names}
    )


def methods_of(repository: Any) -> Iterator[Method]:
    name = type(repository).__name__
    for each in sorted(set(dir(repository))):
        value = getattr(repository, each)
        if not each.startswith("_") and callable(value):
            yield Method(f"{name}.{each}", value)


def _modules() -> list[Any]:
    found = pkgutil.walk_packages(app.repositories.__path__, "app.repositories.")
    return [importlib.import_module(module.name) for module in found]


def arguments_for(method: Method, number: int, *, bare: bool) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call about row `number`; the `bare` one leaves out what has a default."""
    called = method.call if inspect.isroutine(method.call) else type(method.call).__call__
    hints = _hints_of(called)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(called).parameters.items():
        if name == "self" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        if bare and parameter.default is not parameter.empty:
            continue
        about = number + ROWS if method.adds and name != "owner" else number
        value = argument(hints[name], name, about, flag=not bare)
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = value
        else:
            positional.append(value)
    return positional, named


def _hints_of(called: Any) -> dict[str, Any]:
    """The annotations of parameters; that of the result may name what is not imported."""
    names = vars(sys.modules[called.__module__])
    return {
        name: eval(kind, names) if isinstance(kind, str) else kind
        for name, kind in called.__annotations__.items()
        if name != "return"
    }


def argument(kind: Any, name: str, number: int, *, flag: bool) -> Any:
    if kind is datetime:
        return BASE if name in AT_BASE else BASE + timedelta(days=30)
    if kind is bool:
        return flag
    if kind is int:
        return 10
    return _value(kind, name, number)


def _value(kind: Any, name: str, number: int) -> Any:
    origin = get_origin(kind)
    if kind is NewEvent:
        return new_event()  # each event is written once
    if origin is Callable:
        return lambda *_: new_event()
    if origin in (Union, types.UnionType):
        if datetime in get_args(kind):
            return None
        return _value(next(each for each in get_args(kind) if each is not type(None)), name, number)
    if origin is Literal:
        return get_args(kind)[0]
    if origin is not None and issubclass(origin, Mapping):
        return {_value(get_args(kind)[0], name, number): _value(get_args(kind)[1], name, number)}
    if origin is not None and issubclass(origin, Collection):
        return [_value(get_args(kind)[0], name, number)]
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    simple: dict[Any, Any] = {
        str: text_named(name, number),
        bytes: digest(number),
        datetime: instant(number),
        timedelta: timedelta(minutes=1),
        bool: False,
        int: 5,
        float: 5.0,
    }
    return simple[kind] if kind in simple else _row(kind, number)


def _row(kind: Any, number: int) -> Any:
    hints = get_type_hints(kind)
    names = (
        [field.name for field in dataclasses.fields(kind)]
        if dataclasses.is_dataclass(kind)
        else kind._fields
    )
    return kind(**{name: _value(hints[name], name, number) for name in names})
