"""A real server for tests, its users, clients and tokens. Used by the pytest plugin."""

from postern_kit.testing.server import PosternServer, running_postern
from postern_kit.testing.users import Client, Tokens, User

__all__ = ["Client", "PosternServer", "Tokens", "User", "running_postern"]
