"""`postern serve`: prepares the database, says where it listens, and serves."""

import argparse
import asyncio

from app import __version__
from app.cli.base import Command, command_settings, describe_database
from app.clock import Clock
from app.errors import StartupError
from app.observability.log_output import print_at_once
from app.observability.logging import (
    configure_logging,
    configure_process_logging,
    json_line,
    logger,
    server_output,
)
from app.server.certificate import check_certificate, kept_certificate
from app.server.listening import listening_socket
from app.settings import Settings, flask_env_asks_for_https, misspelt_settings

log = logger(__name__)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="the address to listen on (HOST)")
    parser.add_argument("--port", type=int, help="the port to listen on (PORT)")
    parser.add_argument("--workers", type=int, help="how many processes serve (WORKERS)")
    parser.add_argument(
        "--https", action="store_true", help="https with a self-made certificate that is kept"
    )


def _run(arguments: argparse.Namespace) -> int:
    settings = command_settings(host=arguments.host, port=arguments.port, workers=arguments.workers)
    wants_https = arguments.https or flask_env_asks_for_https()
    if wants_https and settings.tls_cert_file is None:
        certificate, key = kept_certificate(settings.data_directory)
        settings = settings.model_copy(update={"tls_cert_file": certificate, "tls_key_file": key})
    check_certificate(settings)
    listener = listening_socket(settings)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    from app.server.processes import run_server  # late: what was refused so far costs little

    log_format = settings.log_format
    output = server_output(log_format=log_format)
    configure_process_logging(log_format=log_format, level=settings.log_level, output=output)
    for line in misspelt_settings():
        log.warning("%s", line)
    configure_logging(log_format=log_format, level="ERROR", output=output)  # failures: told once
    try:
        asyncio.run(_prepare(settings))
    except StartupError:
        listener.close()
        raise
    configure_logging(log_format=log_format, level=settings.log_level, output=output)
    print_at_once(json_banner(settings) if log_format == "json" else banner(settings))
    run_server(settings, listener)
    return 0


async def _prepare(settings: Settings) -> None:
    """Migrations, and the first signing keys, are made once, here, before any worker starts."""
    from app.main import prepare_database
    from app.pages.assets import assets_of
    from app.wiring import build_services

    assets_of(settings)
    services = build_services(settings, Clock())
    try:
        await prepare_database(services)
        await services.signing_keys.ensure()
    finally:
        await services.close()


def banner(settings: Settings) -> str:
    """Where it listens, where to try it, and lines to paste: with example passwords only in
    development."""
    facts = [f"  {name:9}  {value}" for name, value in _facts(settings).items()]
    title = f"Postern {__version__} ({settings.app_env})"
    return "\n".join([title, *facts, "", *_requests(settings), ""])


def json_banner(settings: Settings) -> str:
    """The same in one line of the JSON log, without lines to paste."""
    facts = [f"{name} {value}" for name, value in _facts(settings).items()]
    message = " | ".join([f"Postern {__version__} ({settings.app_env})", *facts])
    return json_line(message, level="INFO", name="cli.serve")


def _facts(settings: Settings) -> dict[str, str]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    issuer = {"issuer": settings.issuer_url} if settings.is_production else {}
    return {
        "listening": f"{settings.scheme}://{host}:{settings.port}",
        **issuer,
        "docs": f"{_base_url(settings)}/docs" if settings.docs else "switched off",
        "database": describe_database(settings.database_url),
        "workers": str(settings.worker_count),
    }


def _requests(settings: Settings) -> list[str]:
    """What to try first, with curl."""
    url = _base_url(settings)
    insecure = "-k " if url.startswith("https://localhost") else ""
    admin = ' -H "Authorization: Bearer $ADMIN_TOKEN"'
    guarded = "" if settings.client_creation_is_open else admin
    json_type = "-H 'Content-Type: application/json'"
    person = """-d '{"username":"testuser","password":"password123"}'"""
    app = """-d '{"client_name":"UserApp","redirect_uri":"http://localhost:3000/callback"}'"""
    form = "-u ID:SECRET -d 'grant_type=client_credentials&scope=profile'"
    closed = "" if settings.registration_is_open else admin
    register = f"curl {insecure}-X POST {url}/register_user{closed} {json_type} {person}"
    return [
        *([] if settings.is_production else [register]),
        f"curl {insecure}-X POST {url}/create_client{guarded} {json_type} {app}",
        f"curl {insecure}-X POST {url}/token {form}",
    ]


def _base_url(settings: Settings) -> str:
    """Where clients reach the server; in development that is this machine."""
    if settings.is_production:
        return settings.issuer_url
    return f"{settings.scheme}://localhost:{settings.port}"


COMMAND = Command("serve", "Serve the API.", _add_arguments, _run)
