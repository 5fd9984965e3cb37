"""Uvicorn's configuration."""

import uvicorn

from app.middleware.asgi import PosternApp
from app.server.uvicorn_adapter.protocol import UvicornProtocol
from app.settings import Settings

KEEP_ALIVE_SECONDS = 30
TLS_CIPHERS = "ECDHE+AESGCM"
"""The TLS 1.2 cipher suites that RFC 9325 section 4.2 recommends, and FAPI 2.0 section 5.2.2
requires. They have forward secrecy and authenticated encryption, as all suites of TLS 1.3 do."""


def config_of(
    settings: Settings, application: PosternApp, protocol: type[UvicornProtocol]
) -> uvicorn.Config:
    """Return the configuration for an application and the protocol of its connections."""
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.graceful_timeout,
        ssl_certfile=settings.tls_cert_file,
        ssl_ciphers=TLS_CIPHERS,
        ssl_keyfile=str(settings.tls_key_file) if settings.tls_key_file else None,
    )
