"""The start and the end of an application, as an ASGI server asks for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.concurrency.background_jobs import BackgroundJobs
from app.concurrency.background_loop import BackgroundLoop
from app.lifecycle.garbage_collection import collect_seldom
from app.lifecycle.gate import Gate
from app.observability.access_log import AccessLog
from app.observability.log_output import LogOutput
from app.observability.logging import logger
from app.wiring import Services
from app.wiring.core import Core
from app.wiring.preparation import prepare_in_time, prepare_some_time

log = logger(__name__)


class Lifespan:
    """The life of an application: threads, the database, background jobs, and the end of all.

    With a `gate`, the application starts at once, and its gate opens when the database is ready.
    Otherwise it starts only when the database is ready.
    """

    def __init__(
        self,
        services: Services,
        *,
        gate: Gate | None,
        access_log: AccessLog | None,
        output: LogOutput,
    ) -> None:
        self._services = services
        self._gate = gate
        self._access_log = access_log
        self._output = output
        self._jobs = BackgroundJobs()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Start; the requests are handled inside the context; then stop."""
        await self._services.start_threads()
        if self._gate is None:
            await prepare_in_time(self._services)
            self._begin()
        else:
            gate = self._gate
            self._jobs.start(
                lambda: self._begin_when_possible(gate),
                name="preparation of the database",
                restarts=False,
            )
        yield
        await self._jobs.stop()
        try:
            await self._services.close()
        finally:
            if self._access_log is not None:
                self._access_log.flush()
            self._output.drain()

    async def _begin_when_possible(self, gate: Gate) -> None:
        await prepare_some_time(self._services)
        self._begin()
        gate.open()

    def _begin(self) -> None:
        _log_limitations(self._services.core)
        _start_jobs(self._jobs, self._services)
        collect_seldom()


def background_loops(services: Services) -> dict[str, BackgroundLoop]:
    """Return the loops that run beside the requests, by name."""
    loops: dict[str, BackgroundLoop | None] = {
        "housekeeping": services.operations.housekeeping,
        "delivery of logout tokens": services.oauth.logout_delivery,
        "numbering of audit events": services.core.audit.sequencer,
        "usage of clients": services.clients.usage,
        "delivery of emails": services.core.mail_delivery,
        "delivery to webhooks": services.operations.webhooks.delivery,
        "writing of refusals and counts": services.operations.activity.writer,
    }
    return {name: loop for name, loop in loops.items() if loop is not None}


def _start_jobs(jobs: BackgroundJobs, services: Services) -> None:
    for name, loop in background_loops(services).items():
        jobs.start(loop.run_forever, name=name, restarts=True)
    if services.core.shared_limits is not None:
        jobs.start(services.core.shared_limits.check, name="check of REDIS_URL", restarts=False)


def _log_limitations(core: Core) -> None:
    if core.settings.is_production and core.settings.is_sqlite:
        log.warning(
            "SQLite in production: use only one machine and one worker; to scale further, "
            "use PostgreSQL"
        )
    if core.outbox is None:
        log.info("SMTP_HOST is not set: email verification and password reset are disabled")
