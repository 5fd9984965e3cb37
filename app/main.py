"""The application: FastAPI with its routers and pages, behind `PosternApp` and its fast lane."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from app import __version__
from app.clock import Clock
from app.lifecycle.gate import Gate
from app.middleware.asgi import PosternApp
from app.middleware.body_limit import BodyReader
from app.middleware.cors import Cors
from app.middleware.forwarded import ForwardedFor
from app.middleware.security_headers import SecurityHeaders
from app.oauth.grants import GRANTS, Grants
from app.observability.access_log import AccessLog
from app.observability.log_output import LogOutput
from app.observability.logging import configure_logging, logger, server_output
from app.pages import PAGES
from app.pages.support import errors as pages_for_errors
from app.pages.support import templating
from app.routers import cross_origin, hot_endpoints, registration, routers
from app.routers.error_handlers import ErrorRenderer
from app.routers.hot import HotEndpoint
from app.routers.openapi import describe
from app.settings import Settings, load_settings, misspelt_settings
from app.wiring import Services, build_services
from app.wiring.preparation import prepare_in_time, prepare_some_time

log = logger(__name__)

COLLECTOR_THRESHOLDS = (10_000, 20, 20)
"""Requests leave few cycles: a collection after each 700 objects cost a twentieth of the time."""


def create_app(settings: Settings, *, clock: Clock, grants: Grants = GRANTS) -> PosternApp:
    """Build the ASGI application; it connects to the database when its lifespan starts."""
    output = server_output(log_format=settings.log_format)
    configure_logging(log_format=settings.log_format, level=settings.log_level, output=output)
    return application_of(build_services(settings, clock, grants=grants), waits_for_database=False)


def application_of(services: Services, *, waits_for_database: bool) -> PosternApp:
    """Build the ASGI application from its services.

    If it `waits_for_database`, its lifespan starts at once, and it responds with 503 until the
    database is ready. Otherwise the lifespan starts only when the database is ready.
    """
    settings = services.core.settings
    output = server_output(log_format=settings.log_format)
    access_log = AccessLog(output, log_format=settings.log_format) if settings.access_log else None
    endpoints = hot_endpoints(services.oauth.grants)
    fast_lane = {
        (endpoint.method, endpoint.path): endpoint.bound_to(services) for endpoint in endpoints
    }
    protocol_paths = {endpoint.path for endpoint in endpoints if endpoint.speaks_protocol}
    errors = ErrorRenderer({*protocol_paths, registration.PATH}, below=(f"{registration.PATH}/",))
    gate = Gate(services, errors) if waits_for_database else None
    edge = PosternApp(
        _fastapi(services, endpoints, access_log, errors, output, gate),
        fast_lane=fast_lane if settings.fast_lane else {},
        forwarded_for=_forwarded_for(settings),
        body_reader=BodyReader(limit=settings.body_limit, timeout=settings.body_timeout),
        security_headers=SecurityHeaders(is_production=settings.is_production),
        cors=Cors(
            services.clients.client_origins.is_known,
            policies=cross_origin.policies_of(endpoints),
            below=cross_origin.BELOW,
        ),
        access_log=access_log,
        render_error=errors.render,
        database_seconds=services.core.database.backend.time_limit,
    )
    if gate is not None:
        gate.close(edge)
    return edge


def _forwarded_for(settings: Settings) -> ForwardedFor | None:
    if not settings.trusted_proxies and not settings.is_production:
        return None
    return ForwardedFor(
        settings.trusted_proxies,
        header=settings.forwarded_header,
        warns=settings.is_production,
    )


def _fastapi(
    services: Services,
    endpoints: Sequence[HotEndpoint],
    access_log: AccessLog | None,
    errors: ErrorRenderer,
    output: LogOutput,
    gate: Gate | None,
) -> FastAPI:
    tasks: list[asyncio.Task[None]] = []

    async def begin_when_possible(gate: Gate) -> None:
        await prepare_some_time(services)
        begin()
        gate.open()

    def begin() -> None:
        if services.core.settings.is_production and services.core.settings.is_sqlite:
            log.warning(
                "SQLite in production: use only one machine and one worker; to scale further, "
                "use PostgreSQL"
            )
        if services.core.outbox is None:
            log.info("SMTP_HOST is not set: email verification and password reset are disabled")
        jobs = [
            services.operations.housekeeping.run_forever(),
            services.oauth.logout_delivery.run_forever(),
            services.core.audit.sequencer.run_forever(),
        ]
        if services.core.mail_delivery is not None:
            jobs.append(services.core.mail_delivery.run_forever())
        if services.core.shared_limits is not None:
            jobs.append(services.core.shared_limits.check())
        tasks.extend(map(asyncio.create_task, jobs))
        _freeze_gc()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.start_threads()
        if gate is not None:
            tasks.append(asyncio.create_task(begin_when_possible(gate)))
        else:
            await prepare_in_time(services)
            begin()
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await services.close()
        finally:
            if access_log is not None:
                access_log.flush()
            output.drain()

    application = FastAPI(
        title="Postern",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if services.core.settings.docs else None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,  # names in generated clients
    )
    application.state.services = services
    for router in routers(endpoints):
        application.include_router(router)
    for page in PAGES:
        application.include_router(page, dependencies=[Depends(templating.ready)])
    errors.install(application)
    pages_for_errors.install(application)
    grant_types = [grant.grant_type for grant in services.oauth.grants]
    describe(application, endpoints, grant_types=grant_types)
    return application


def _freeze_gc() -> None:
    """Exclude objects that live as long as the server from later collections."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def __getattr__(name: str) -> PosternApp:
    """Return `app.main:app` for any ASGI host, created from the environment on first access."""
    if name == "app":
        application = create_app(load_settings(), clock=Clock())
        globals()["app"] = application
        for line in misspelt_settings():
            log.warning("%s", line)
        return application
    raise AttributeError(name)
