"""The application: FastAPI with its routers and pages, behind `PosternApp` and its fast lane."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app import __version__, pages
from app.clock import Clock
from app.lifecycle.administration import Administration
from app.lifecycle.gate import Gate
from app.lifecycle.lifespan import Lifespan
from app.middleware.asgi import PosternApp
from app.middleware.body_limit import BodyReader
from app.middleware.client_certificates import CertificateFormat, ForwardedCertificate
from app.middleware.cors import Cors
from app.middleware.forwarded import ForwardedFor, TrustedNetworks
from app.middleware.security_headers import SecurityHeaders
from app.oauth.grants import GRANTS, Grants
from app.observability.access_log import AccessLog
from app.observability.logging import configure_logging, logger, server_output
from app.pages.account.pages import AccountPage
from app.pages.account.registry import ACCOUNT_PAGES
from app.routers import admin, cross_origin, hot_endpoints, registration, routers
from app.routers.error_handlers import ErrorRenderer
from app.routers.hot import HotEndpoint
from app.routers.openapi import describe
from app.settings import Settings, load_settings, misspelt_settings
from app.wiring import Services, build_services

if TYPE_CHECKING:
    from app.pages.admin.pages import ConsolePage

log = logger(__name__)


def create_app(
    settings: Settings,
    *,
    clock: Clock,
    grants: Grants = GRANTS,
    account_pages: Sequence[AccountPage] = ACCOUNT_PAGES,
    console_pages: Sequence["ConsolePage"] | None = None,
) -> PosternApp:
    """Build the ASGI application; it connects to the database when its lifespan starts.

    `console_pages` replace the pages of the console.
    """
    output = server_output(log_format=settings.log_format)
    configure_logging(log_format=settings.log_format, level=settings.log_level, output=output)
    services = build_services(settings, clock, grants=grants)
    return application_of(
        services,
        waits_for_database=False,
        account_pages=account_pages,
        console_pages=console_pages,
    )


def application_of(
    services: Services,
    *,
    waits_for_database: bool,
    account_pages: Sequence[AccountPage] = ACCOUNT_PAGES,
    console_pages: Sequence["ConsolePage"] | None = None,
) -> PosternApp:
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
    errors = ErrorRenderer(
        {*protocol_paths, registration.PATH},
        below=(f"{registration.PATH}/",),
        pointing_below=(f"{admin.PREFIX}/",),
    )
    gate = Gate(services, errors) if waits_for_database else None
    lifespan = Lifespan(services, gate=gate, access_log=access_log, output=output)
    edge = PosternApp(
        _fastapi(
            services,
            endpoints,
            lifespan,
            errors,
            account_pages=account_pages,
            console_pages=console_pages,
        ),
        fast_lane=fast_lane if settings.fast_lane else {},
        forwarded_for=_forwarded_for(settings),
        forwarded_certificate=_forwarded_certificate(settings),
        body_reader=BodyReader(limit=settings.body_limit, timeout=settings.body_timeout),
        security_headers=SecurityHeaders(is_production=settings.is_production),
        cors=Cors(
            services.clients.client_origins.is_known,
            policies=cross_origin.policies_of(endpoints),
            patterns=cross_origin.PATTERNS,
        ),
        access_log=access_log,
        on_refusal=services.core.activity.refused,
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


def _forwarded_certificate(settings: Settings) -> ForwardedCertificate | None:
    if settings.mtls_header_format is None:
        return None
    return ForwardedCertificate(
        TrustedNetworks(settings.trusted_proxies),
        header=settings.mtls_header,
        form=CertificateFormat(settings.mtls_header_format),
    )


def _fastapi(
    services: Services,
    endpoints: Sequence[HotEndpoint],
    lifespan: Lifespan,
    errors: ErrorRenderer,
    *,
    account_pages: Sequence[AccountPage],
    console_pages: Sequence["ConsolePage"] | None,
) -> FastAPI:
    application = FastAPI(
        title="Postern",
        version=__version__,
        lifespan=lambda _: lifespan.run(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,  # names in generated clients
    )
    application.state.services = services
    for router in routers(endpoints):
        application.include_router(router)
    errors.install(application)
    pages.install(application, account_pages)
    grant_types = [grant.grant_type for grant in services.oauth.grants]
    administration = Administration(
        application, console_pages, is_enabled=services.core.settings.admin_api
    )
    describe(
        application,
        endpoints,
        grant_types=grant_types,
        is_served=services.core.settings.docs,
        models=administration.models,
    )
    return application


def __getattr__(name: str) -> PosternApp:
    """Return `app.main:app` for any ASGI host, created from the environment on first access."""
    if name == "app":
        application = create_app(load_settings(), clock=Clock())
        globals()["app"] = application
        for line in misspelt_settings():
            log.warning("%s", line)
        return application
    raise AttributeError(name)
