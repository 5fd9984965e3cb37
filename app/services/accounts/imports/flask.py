"""Import of the users and clients of the original Flask server from its SQLite file."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.outbound.flask_file import FlaskFile
from app.services.accounts.imports.candidates import Problem, Report
from app.services.accounts.imports.flask_clients import client_in, place_of, repeated_ids
from app.services.accounts.imports.flask_users import flask_candidates
from app.services.accounts.imports.users import Checked, UserImport
from app.services.clients.imports import ClientImport, ImportedClient
from app.services.operations.authority import Authority


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """Numbers of users and clients in a file."""

    users: Checked
    clients: Checked

    @property
    def problems(self) -> int:
        return self.users.problems + self.clients.problems


class FlaskImport:
    """Users keep their password and TOTP secret, clients their id, secret, grants and scope."""

    def __init__(self, *, user_import: UserImport, client_import: ClientImport) -> None:
        self._user_import = user_import
        self._client_import = client_import

    async def run(
        self,
        path: Path,
        report: Report,
        *,
        only_checks: bool,
        skips_invalid: bool,
        authority: Authority,
    ) -> CheckedFile:
        """Import what is in a file. With any problem nothing is, unless `skips_invalid`."""
        file = FlaskFile(path)
        source = partial(flask_candidates, file)
        users = await self._user_import.check(source, report, authority=authority)
        clients, checked_clients = await self._check_clients(file, report, authority)
        checked = CheckedFile(users, checked_clients)
        if only_checks or (checked.problems and not skips_invalid):
            return checked
        await self._user_import.store(
            source,
            candidates=users.candidates,
            skips_invalid=skips_invalid,
            authority=authority,
            last=partial(self._client_import.store, clients, authority=authority),
        )
        return checked

    async def _check_clients(
        self, file: FlaskFile, report: Report, authority: Authority
    ) -> tuple[Sequence[ImportedClient], Checked]:
        """Return the clients to store, and the numbers of all."""
        clients: list[ImportedClient] = []
        checked = Checked()
        rows = await asyncio.to_thread(lambda: list(file.clients()))
        repeated = repeated_ids(rows)
        for row in rows:
            client, problems = client_in(row)
            if client is not None and client.client_id in repeated:
                client, problems = None, ["client_id: is the same as in another row"]
            if client is not None:
                existing, problems = await self._client_import.check(client, authority=authority)
                if not problems and existing:
                    checked.present += 1
                elif not problems:
                    clients.append(client)
            checked.problems += len(problems)
            for message in problems:
                report(Problem(place_of(row), message))
        checked.new = len(clients)
        return clients, checked
