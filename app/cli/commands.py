"""All commands, in the order of `postern --help`."""

from app.cli import audit, clients, demo, keys, migrate, providers, serve, users
from app.cli.base import Command

COMMANDS: tuple[Command, ...] = (
    serve.COMMAND,
    migrate.COMMAND,
    demo.COMMAND,
    users.COMMAND,
    clients.COMMAND,
    keys.COMMAND,
    audit.COMMAND,
    providers.COMMAND,
)
