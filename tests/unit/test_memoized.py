"""What the applications of a test process share is what each of them would compute."""

from typing import Annotated, Any

import pytest
from fastapi import Depends
from fastapi.dependencies import utils
from sqlalchemy import Dialect, column, select, table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from tests.support.memoized import memoized_compile, memoized_get_dependant

THINGS = table("things", column("name"), column("size"))
SQLITE, POSTGRESQL = sqlite.dialect(), postgresql.dialect()


def compiled(statement: Any, dialect: Dialect) -> SQLCompiler:
    compiler = statement.compile(dialect=dialect)
    assert isinstance(compiler, SQLCompiler)
    return compiler


def read_name(name: str) -> str:
    return name


def endpoint(name: Annotated[str, Depends(read_name)], size: int) -> None: ...


def test_a_change_of_a_shared_dependant_stays_with_its_route() -> None:
    get_dependant = memoized_get_dependant(utils.get_dependant)
    first = get_dependant(path="/things", call=endpoint, scope="function")
    first.dependencies.insert(0, first)
    second = get_dependant(path="/things", call=endpoint, scope="function")

    assert [each.call for each in second.dependencies] == [read_name]
    assert [each.name for each in second.query_params] == ["size"]
    assert second.query_params[0] is first.query_params[0]


def test_the_dependant_of_another_path_is_another_one() -> None:
    get_dependant = memoized_get_dependant(utils.get_dependant)
    in_query = get_dependant(path="/things", call=endpoint)
    in_path = get_dependant(path="/things/{size}", call=endpoint)

    assert [len(in_query.query_params), len(in_query.path_params)] == [1, 0]
    assert [len(in_path.query_params), len(in_path.path_params)] == [0, 1]


@pytest.mark.parametrize(
    ("other", "dialect"),
    [
        (select(THINGS.c.name).where(THINGS.c.size == 2), SQLITE),
        (select(THINGS.c.name).where(THINGS.c.size < 1), SQLITE),
        (select(THINGS.c.size).where(THINGS.c.size == 1), SQLITE),
        (select(THINGS.c.name).where(THINGS.c.size == 1).limit(1), SQLITE),
        (select(THINGS.c.name).where(THINGS.c.size == 1), POSTGRESQL),
    ],
)
def test_only_equal_statements_share_their_compiled_form(other: Any, dialect: Dialect) -> None:
    compile_once = memoized_compile(compiled)
    first = compile_once(select(THINGS.c.name).where(THINGS.c.size == 1), SQLITE)
    equal = compile_once(select(THINGS.c.name).where(THINGS.c.size == 1), SQLITE)

    assert equal is first
    assert compile_once(other, dialect) is not first
    assert compile_once(other, dialect).string == compiled(other, dialect).string
