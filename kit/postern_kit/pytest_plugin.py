"""Fixtures for pytest: a real server, a user with an authenticator app, and a client.

    def test_reports(postern_server, postern_user):
        resource = postern_server.create_resource("https://reports.example", scopes=["read"])
        tokens = postern_server.tokens(user=postern_user, resource=resource, scope="read")

The server runs until the end of the session. Override `postern_settings` to set its settings,
and `postern_python` if it is installed in an environment of its own.
"""

import sys
from collections.abc import Iterator, Mapping

import pytest

from postern_kit.testing import Client, PosternServer, User, running_postern


@pytest.fixture(scope="session")
def postern_settings() -> Mapping[str, str]:
    """Settings of the server, by the names of environment variables. Override this fixture."""
    return {}


@pytest.fixture(scope="session")
def postern_python() -> str:
    """The interpreter for which postern-server is installed. Override it for one of its own."""
    return sys.executable


@pytest.fixture(scope="session")
def postern_server(
    tmp_path_factory: pytest.TempPathFactory,
    postern_python: str,
    postern_settings: Mapping[str, str],
) -> Iterator[PosternServer]:
    """A running server with an empty database."""
    directory = tmp_path_factory.mktemp("postern")
    with running_postern(directory, python=postern_python, variables=postern_settings) as server:
        yield server


@pytest.fixture
def postern_user(postern_server: PosternServer) -> User:
    """A new user with an authenticator app."""
    return postern_server.create_user()


@pytest.fixture
def postern_client(postern_server: PosternServer) -> Client:
    """A new confidential client."""
    return postern_server.create_client()
