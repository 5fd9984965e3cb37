"""Bring the database to where this release can serve, at once or once it answers."""

import asyncio

from app.database import migrations
from app.database.errors import is_database_error, reason_of
from app.errors import DatabaseAwayError, PosternError, StartupError
from app.observability.logging import logger
from app.wiring.services import Services

log = logger(__name__)

RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 2.0
SAY_SECONDS = 5.0


async def prepare_database(services: Services, *, may_create: bool = True) -> None:
    """Bring the schema up to date and check SECRET_KEY against it.

    Raises `StartupError` with what the operator should do; without `may_create` also where there
    is no database yet.
    """
    await _prepare(services, migrates=services.settings.migrates_on_start, may_create=may_create)


async def prepare_in_time(services: Services) -> None:
    """As `prepare_database`; a database that does not answer has STARTUP_TIMEOUT to come up.

    Anything else is refused at once.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + services.settings.startup_timeout
    say_at = loop.time()
    while True:
        try:
            return await prepare_database(services)
        except DatabaseAwayError as error:
            left = until - loop.time()
            if left <= 0:
                raise
            if loop.time() >= say_at:
                log.warning("%s; trying again for %.0f s", error, left)
                say_at = loop.time() + SAY_SECONDS
            await asyncio.sleep(min(RETRY_SECONDS, left))


async def prepare_some_time(services: Services) -> None:
    """Prepare for a worker that replaces another one: return once the database can be served.

    It neither creates nor migrates anything, and never gives up: the database may come back, go
    back to a schema of this release, or be given its password again.
    """
    pause, said = RETRY_SECONDS, ""
    while True:
        try:
            await _prepare(services, migrates=False, may_create=False)
        except (StartupError, PosternError) as error:
            reason = str(error)
        except Exception as error:
            reason = reason_of(error)
            if not is_database_error(error) and reason != said:
                log.exception("a database cannot be prepared, for a reason that is a bug")
        else:
            if said:
                log.warning("the database can be served: this worker serves")
            return
        if reason != said:
            log.warning("this worker answers 503 and waits: %s", reason)
            said = reason
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_RETRY_SECONDS)


async def _prepare(services: Services, *, migrates: bool, may_create: bool) -> None:
    await migrations.prepare(services.database.backend, migrates=migrates, may_create=may_create)
    await services.secret_key_check.ensure()
    await services.database.backend.warm_up()
