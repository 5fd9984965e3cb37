"""Files of desired state, and the commands that read them, on the database of an application."""

import json
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import Postern, Result
from tests.support.application import Application
from tests.support.parts import services_of

SECRET = "a-secret-of-at-least-32-characters-1"
OTHER_SECRET = "a-secret-of-at-least-32-characters-2"
FULL = """
owner: infra
attributes:
  - name: department
    type: string
    applies_to: both
scopes:
  - name: read
    description: Read your reports
    translations: {de: Ihre Berichte lesen}
resources:
  - name: reports
    identifier: https://reports.example.com/mcp
    title: Reports
    aliases: [https://reports.example.com/]
    is_open_to_all_clients: false
    requesters: [wiki, cli]
    servers: [reports]
    token_format: jwt
    allows_personal_tokens: true
    policies:
      personal_tokens: {kind: groups, groups: [Developers]}
    scopes:
      - {name: write, description: Change your reports, implies: [read.all, read.own]}
      - {name: read.own, description: Read your reports, is_default: true}
      - {name: read.all, description: Read all reports, translations: {de: Alle lesen}}
authorization_types:
  - name: payment
    json_schema:
      type: object
      properties:
        amount: {type: string, pattern: '^[0-9]+$'}
      required: [amount]
    description: Pay {amount}
    translations: {de: "{amount} zahlen"}
    is_open_to_all_clients: false
    clients: [wiki, cli]
    resources: [reports]
groups:
  - name: Developers
    description: Write code
    attributes: {department: IT}
    roles: [editor, "wiki:reviewer"]
  - name: Operators
roles:
  - name: editor
    description: Edits
  - name: reviewer
    client_id: wiki
clients:
  - client_id: wiki
    client_name: Wiki
    client_name#de: Das Wiki
    kind: web
    redirect_uris: [https://wiki.example.com/callback]
    client_secret: {env: WIKI_SECRET}
    trust: verified
    default_resource: reports
    policies:
      access: {kind: groups, groups: [developers]}
      claim_mappings:
        - {name: groups, source: groups, targets: [userinfo, id_token]}
  - client_id: reports
    client_name: Reports
    kind: service
    scope: read
    client_secret: {env: REPORTS_SECRET}
    admin_scopes: [users:read]
  - client_id: cli
    client_name: Command line
    kind: native
    redirect_uris: [http://127.0.0.1/callback]
identity_providers:
  - name: company
    label: The Company
    issuer: https://login.company.example
    client_id: us
    client_secret: {env: COMPANY_SECRET}
    groups_claim: groups
    group_mappings:
      eng: [Developers]
"""
SECRETS = {"WIKI_SECRET": SECRET, "REPORTS_SECRET": SECRET, "COMPANY_SECRET": "provider secret"}

OnServer = Callable[..., Awaitable[Result]]


def on_server(app: Application, postern: Postern) -> OnServer:
    """`postern …` on the database of an application."""

    async def run(*arguments: str, typed: str = "", **variables: str) -> Result:
        return await postern(
            *arguments, typed=typed, DATABASE_URL=app.settings.database_url, **variables
        )

    return run


def written(directory: Path, text: str, name: str = "state.yaml") -> str:
    """Write a file and return its name."""
    (directory / name).write_text(textwrap.dedent(text), "utf-8")
    return name


async def number_of_events(app: Application) -> int:
    return len([each async for each in services_of(app).core.audit.read_all()])


def members_in(result: Result, kind: str, name: str) -> dict[str, Any]:
    """Return the changed members of an object in the JSON of a plan."""
    (change,) = [
        each
        for each in json.loads(result.output)["changes"]
        if (each["kind"], each["name"]) == (kind, name)
    ]
    members: dict[str, Any] = change["members"]
    return members
