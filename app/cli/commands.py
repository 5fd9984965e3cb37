"""All commands, in the order of `postern --help`."""

import importlib
from collections.abc import Sequence

from app.cli.parsing import Commands

COMMANDS = {
    "serve": "app.cli.serve_usage",
    "migrate": "app.cli.migrate",
    "demo": "app.cli.demo",
    "users": "app.cli.users",
    "groups": "app.cli.groups",
    "roles": "app.cli.roles",
    "attributes": "app.cli.attributes",
    "sessions": "app.cli.sessions",
    "admin": "app.cli.admin",
    "clients": "app.cli.clients",
    "scopes": "app.cli.scopes",
    "resources": "app.cli.resources",
    "mcp": "app.cli.mcp",
    "authorization-types": "app.cli.authorization_types",
    "issuers": "app.cli.issuers",
    "tokens": "app.cli.tokens",
    "policies": "app.cli.policies",
    "settings": "app.cli.settings",
    "keys": "app.cli.keys",
    "audit": "app.cli.audit",
    "mail": "app.cli.mail",
    "webhooks": "app.cli.webhooks",
    "refusals": "app.cli.refusals",
    "providers": "app.cli.providers",
    "import": "app.cli.imports",
    "plan": "app.cli.plan",
    "apply": "app.cli.apply",
    "export": "app.cli.export",
}
"""The module of each command, which has it as `cli`."""


def commands_for(words: Sequence[str]) -> list[Commands]:
    """Import the requested command, or all of them for help and for an unknown name."""
    names = words[:1] if words and words[0] in COMMANDS else list(COMMANDS)
    return [importlib.import_module(COMMANDS[name]).cli for name in names]
