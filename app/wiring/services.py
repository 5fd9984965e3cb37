"""The composition root: what every capability of the server consists of. Built once."""

from dataclasses import dataclass

from app.clock import Clock
from app.concurrency.threads import start_threads
from app.oauth.grants import GRANTS, Grants
from app.services.clients.fapi import FAPI_GRANT_TYPES
from app.settings import Settings
from app.wiring.accounts import Accounts, build_accounts
from app.wiring.clients import Clients, build_clients
from app.wiring.core import Core, build_core
from app.wiring.factors import Factors, build_factors
from app.wiring.federation import Federation, build_federation
from app.wiring.groups import build_groups
from app.wiring.oauth import OAuth, build_oauth
from app.wiring.operations import Operations, build_operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services, by capability; they live as long as the server."""

    core: Core
    accounts: Accounts
    factors: Factors
    federation: Federation
    clients: Clients
    oauth: OAuth
    operations: Operations

    async def start_threads(self) -> None:
        """Start the threads that requests need; raise `StartupError` if the system refuses."""
        await self.core.database.backend.start_threads()
        await self.core.threads.start()
        await self.core.signature_threads.start()
        await start_threads(None, count=1)

    async def close(self) -> None:
        self.core.threads.close()
        self.core.signature_threads.close()
        if self.core.shared_limits is not None:
            await self.core.shared_limits.close()
        await self.core.host_names.close()
        await self.core.database.close()


def build_services(settings: Settings, clock: Clock, *, grants: Grants = GRANTS) -> Services:
    """Build all services, with these grants; nothing connects until it is needed.

    Of the grants, a server with the FAPI 2.0 profile has only those that fit.
    """
    core = build_core(settings, clock)
    if core.fapi.holds_for_all:
        grants = [grant for grant in grants if grant.grant_type in FAPI_GRANT_TYPES]
    factors = build_factors(core)
    groups = build_groups(core)
    clients = build_clients(core, groups=groups, grants=grants)
    accounts = build_accounts(core, factors=factors, clients=clients, groups=groups)
    oauth = build_oauth(core, accounts=accounts, factors=factors, clients=clients, grants=grants)
    return Services(
        core=core,
        accounts=accounts,
        factors=factors,
        federation=build_federation(core),
        clients=clients,
        oauth=oauth,
        operations=build_operations(core, accounts=accounts, clients=clients, oauth=oauth),
    )
