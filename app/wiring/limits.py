"""The rate limits, counted in the database or, with REDIS_URL, in Redis."""

from app.clock import Clock
from app.database.database import Database
from app.outbound.shared_limits import SharedLimits
from app.repositories.accounts.known_networks import KnownNetworkRepository
from app.repositories.operations.attempt_rows import attempt_lookup
from app.repositories.operations.limit_counters import LimitCounterRepository
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.services.operations.limit_policy import Rules
from app.services.operations.limits import Limits
from app.settings import Settings


def build_limits(
    settings: Settings,
    clock: Clock,
    *,
    database: Database,
    shared_limits: SharedLimits | None,
    trusted_browsers: TrustedBrowsers,
) -> Limits:
    attempt_rows = attempt_lookup(database)
    return Limits(
        store=shared_limits or LimitCounterRepository(database, attempt_rows),
        known_network_repository=KnownNetworkRepository(database, attempt_rows),
        trusted_browsers=trusted_browsers,
        clock=clock,
        rules=Rules.of(
            login=settings.login_limit,
            login_address=settings.login_limit_address,
            code=settings.code_limit,
            token_error=settings.token_error_limit,
            registration=settings.registrations_per_hour,
            client_registration=settings.client_registrations_per_hour,
            authorization_request=settings.authorization_requests_per_minute,
            admin_request=settings.admin_api_limit,
        ),
    )
