"""Prepare the database for this release, at once or as soon as it responds."""

import asyncio

from app.database import migrations
from app.database.errors import is_database_error, reason_of
from app.errors import PosternError
from app.observability.logging import logger
from app.startup_errors import DatabaseUnreachableError, StartupError
from app.wiring.services import Services

log = logger(__name__)

RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 2.0
SAY_SECONDS = 5.0


async def prepare_database(services: Services, *, may_create: bool = True) -> None:
    """Bring the schema up to date and check SECRET_KEY against it.

    Raises `StartupError` with what the operator should do; without `may_create`, also if the
    database does not exist yet.
    """
    await _prepare(
        services, migrates=services.core.settings.migrates_on_start, may_create=may_create
    )


async def prepare_in_time(services: Services) -> None:
    """Do as `prepare_database`, but retry for STARTUP_TIMEOUT if the database does not respond.

    Any other error is raised at once.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + services.core.settings.startup_timeout
    next_log_at = loop.time()
    while True:
        try:
            return await prepare_database(services)
        except DatabaseUnreachableError as error:
            remaining = until - loop.time()
            if remaining <= 0:
                raise
            if loop.time() >= next_log_at:
                log.warning("%s; retrying for %.0f s", error, remaining)
                next_log_at = loop.time() + SAY_SECONDS
            await asyncio.sleep(min(RETRY_SECONDS, remaining))


async def prepare_some_time(services: Services) -> None:
    """Prepare the database for a worker that replaces another one; return once it is ready.

    This neither creates nor migrates anything, and never gives up: the database may come back,
    return to a schema of this release, or get its password back.
    """
    pause, logged_reason = RETRY_SECONDS, ""
    while True:
        try:
            await _prepare(services, migrates=False, may_create=False)
        except (StartupError, PosternError) as error:
            reason = str(error)
        except Exception as error:
            reason = reason_of(error)
            if not is_database_error(error) and reason != logged_reason:
                log.exception("cannot prepare the database because of a bug")
        else:
            if logged_reason:
                log.warning("the database is ready: this worker now serves requests")
            return
        if reason != logged_reason:
            log.warning("this worker responds with 503 until the database is ready: %s", reason)
            logged_reason = reason
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_RETRY_SECONDS)


async def _prepare(services: Services, *, migrates: bool, may_create: bool) -> None:
    await migrations.prepare(
        services.core.database.backend, migrates=migrates, may_create=may_create
    )
    await services.operations.secret_key_check.ensure()
    await services.core.database.backend.warm_up()
