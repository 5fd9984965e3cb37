"""What every start of an application computes again from the same code, computed once a process.

A process of the tests starts thousands of applications, where a server starts one. FastAPI analyses
the signature of each endpoint and of its dependencies for each application, pydantic-settings the
type of each setting, Typer the parameters of each command, and each repository compiles its
statements: together half of the CPU time of a start and its first page. The results depend on
nothing but the code. QR codes are all masked alike, which any scanner reads: finding the best
mask takes longer than drawing them. HTTPX looks for a package that is not installed at each request
to an application in this process; an entry in `sys.modules` ends the search at once.
"""

import copy
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import pytest
import typer.main
from fastapi import routing
from fastapi.dependencies import utils
from fastapi.dependencies.models import Dependant
from pydantic.fields import FieldInfo
from pydantic_settings.sources import EnvSettingsSource, PydanticBaseEnvSettingsSource
from qrcode.main import QRCode
from sqlalchemy import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from typer.utils import get_params_from_function

from app.database import statements

KEPT = 4096
"""Results. The endpoints of the fast lane are new functions in each application: those of earlier
applications are forgotten first."""


def memoize(patch: pytest.MonkeyPatch) -> None:
    """Let all applications of this process share these results."""
    get_dependant = memoized_get_dependant(utils.get_dependant)
    patch.setattr(utils, "get_dependant", get_dependant)
    patch.setattr(routing, "get_dependant", get_dependant)
    patch.setattr(statements, "_compiled", memoized_compile(statements._compiled))
    for source, name in (
        (PydanticBaseEnvSettingsSource, "_extract_field_info"),
        (EnvSettingsSource, "_field_is_complex"),
    ):
        patch.setattr(source, name, memoized_by_field(getattr(source, name)))
    patch.setattr(typer.main, "get_params_from_function", lru_cache(get_params_from_function))
    patch.setattr(QRCode, "best_mask_pattern", lambda _: 0)
    if find_spec("sniffio") is None:
        patch.setitem(sys.modules, "sniffio", None)


def memoized_get_dependant(original: Callable[..., Dependant]) -> Callable[..., Dependant]:
    @lru_cache(KEPT)
    def get(
        own_scopes: tuple[str, ...] | None, parent_scopes: tuple[str, ...] | None, **named: Any
    ) -> Dependant:
        return original(
            own_oauth_scopes=None if own_scopes is None else list(own_scopes),
            parent_oauth_scopes=None if parent_scopes is None else list(parent_scopes),
            **named,
        )

    def get_dependant(
        *,
        own_oauth_scopes: list[str] | None = None,
        parent_oauth_scopes: list[str] | None = None,
        **named: Any,
    ) -> Dependant:
        dependant = copy.copy(
            get(
                None if own_oauth_scopes is None else tuple(own_oauth_scopes),
                None if parent_oauth_scopes is None else tuple(parent_oauth_scopes),
                **named,
            )
        )
        dependant.dependencies = list(dependant.dependencies)  # routes add their own to it
        return dependant

    return get_dependant


def memoized_compile(
    original: Callable[[Any, Dialect], SQLCompiler],
) -> Callable[[Any, Dialect], SQLCompiler]:
    compiled: dict[Any, SQLCompiler] = {}

    def compile_once(statement: Any, dialect: Dialect) -> SQLCompiler:
        key = statement._generate_cache_key()
        if key is None:
            return original(statement, dialect)
        values = tuple(
            (None if each.unique else each.key, repr(each.value)) for each in key.bindparams
        )
        of_dialect = (dialect.name, key.key, values)
        if of_dialect not in compiled:
            compiled[of_dialect] = original(statement, dialect)
        return compiled[of_dialect]

    return compile_once


def memoized_by_field(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep a result for each field of the settings, which live as long as their class."""
    results: dict[Any, tuple[FieldInfo, Any]] = {}

    def of_field(source: EnvSettingsSource, field: FieldInfo, *further: Any) -> Any:
        key = (type(source), source.env_prefix, id(field), *further)
        if key not in results:
            results[key] = field, original(source, field, *further)
        return results[key][1]

    return of_field
