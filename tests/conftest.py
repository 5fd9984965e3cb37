"""Fixtures: one PostgreSQL per run, migrated templates, and the application on each database."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.lifecycle import lifespan
from app.lifecycle.garbage_collection import collect_seldom
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.databases import (
    KINDS,
    SERVER_VARIABLE,
    TEMPLATE_VARIABLE,
    Databases,
    create_database,
    drop_database,
    migrate_template,
)
from tests.support.memoized import memoize
from tests.support.postgresql import running_postgresql
from tests.support.tiers import (
    FOLDERS_ON_BOTH_DATABASES,
    SLOW_FOLDERS,
    folder_of,
    is_in_part,
    part_of,
)
from tests.support.visitor import Visitor, visiting

_server = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the database server in the main process; workers find it in the environment."""
    if hasattr(config, "workerinput") or config.option.collectonly or config.option.help:
        return
    url = _server.enter_context(running_postgresql(durable=False))
    template = asyncio.run(create_database(url))
    _server.callback(lambda: asyncio.run(drop_database(url, template)))
    migrate_template(template)
    os.environ[SERVER_VARIABLE] = url
    os.environ[TEMPLATE_VARIABLE] = template.rpartition("/")[2].partition("?")[0]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _server.close()


@pytest.fixture(scope="session", autouse=True)
def _garbage_is_collected() -> Iterator[None]:
    """Exclude the modules and tests from garbage collection once, as the start of a server does.

    A process of the tests starts thousands of applications: if each start did so, it would keep
    all applications before. Those are collected sooner than the garbage of a server.
    """
    collect_seldom()
    gc.set_threshold(10_000, 10, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifespan, "collect_seldom", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _starts_share_what_they_compute() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        memoize(patch)
        yield


@pytest.fixture(scope="session")
def databases_directory(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("databases")


@pytest_asyncio.fixture(scope="session")
async def databases(databases_directory: Any) -> AsyncIterator[Databases]:
    factory = Databases(databases_directory)
    yield factory
    await factory.drop_all()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-databases",
        action="store_true",
        help="run every test on SQLite and on PostgreSQL, not only those marked both_databases",
    )
    parser.addoption(
        "--sqlite-only",
        action="store_true",
        help="run those marked both_databases on SQLite alone",
    )
    parser.addoption(
        "--part",
        type=part_of,
        help="run a part of the test files, such as 1/4",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files of other parts; None asks the other plugins."""
    part = config.getoption("--part")
    if part is None or not collection_path.match("test_*.py"):
        return None
    return None if is_in_part(collection_path, *part) else True


def pytest_itemcollected(item: pytest.Item) -> None:
    if folder_of(item.path) in SLOW_FOLDERS:
        item.add_marker("slow")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on the databases in its module's `DATABASES`, or on both if it is marked
    `both_databases`, or on SQLite."""
    if "database_kind" not in metafunc.fixturenames:
        return
    kinds = getattr(metafunc.module, "DATABASES", None)
    if kinds is None:
        is_on_both = (
            metafunc.config.getoption("--all-databases")
            or folder_of(metafunc.definition.path) in FOLDERS_ON_BOTH_DATABASES
            or metafunc.definition.get_closest_marker("both_databases") is not None
        )
        is_on_both = is_on_both and not metafunc.config.getoption("--sqlite-only")
        kinds = KINDS if is_on_both else KINDS[:1]
    metafunc.parametrize("database_kind", kinds, indirect=True, scope="module")


@pytest.fixture(scope="module")
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest_asyncio.fixture(scope="module")
async def app(
    request: pytest.FixtureRequest, databases: Databases, database_kind: str
) -> AsyncIterator[Application]:
    """Yield the application in its documented configuration, one per module and database; a
    module may set `APP_SETTINGS`."""
    settings = getattr(request.module, "APP_SETTINGS", {})
    url = await databases.migrated(database_kind)
    async with running_application(url, **settings) as application:
        yield application


AppFactory = Callable[..., Awaitable[Application]]


@pytest_asyncio.fixture
async def start_app(databases: Databases, database_kind: str) -> AsyncIterator[AppFactory]:
    """Yield a function that starts applications with settings; a new database by default."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Application:
            url = settings.pop("database_url", None) or await databases.migrated(database_kind)
            return await stack.enter_async_context(running_application(url, **settings))

        yield start


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    """Create a client with the default metadata."""
    return await app.create_client()


@pytest_asyncio.fixture
async def user(app: Application) -> TestUser:
    """Register a user whose enrolment is confirmed."""
    return await app.enrolled_user()


@pytest_asyncio.fixture
async def visitor(app: Application) -> AsyncIterator[Visitor]:
    """Yield a user with their own browser."""
    async with visiting(app) as browser:
        yield browser
