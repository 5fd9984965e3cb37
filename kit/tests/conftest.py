"""The fixtures of the plugin, which is not installed here, and an issuer without a network."""

import pytest
from kit_issuer import FakeIssuer

from postern_kit.pytest_plugin import (
    postern_client,
    postern_python,
    postern_server,
    postern_settings,
    postern_user,
)

__all__ = [
    "postern_client",
    "postern_python",
    "postern_server",
    "postern_settings",
    "postern_user",
]


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer()
