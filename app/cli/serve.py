"""`postern serve`: prepares the database, says where it listens, and serves."""

import argparse
import asyncio

from app import __version__
from app.cli.base import Command, command_settings, describe_database
from app.clock import Clock
from app.errors import StartupError
from app.observability.logging import configure_logging, logger
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

    configure_logging(log_format=settings.log_format, level=settings.log_level)
    for line in misspelt_settings():
        log.warning("%s", line)
    configure_logging(log_format=settings.log_format, level="ERROR")  # what fails is told once
    try:
        asyncio.run(_prepare(settings))
    except StartupError:
        listener.close()
        raise
    print(banner(settings), flush=True)
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
    """Where it listens, where to try it, and three lines to paste."""
    url = f"{settings.scheme}://localhost:{settings.port}"
    insecure = "-k " if settings.scheme == "https" else ""
    admin = ' -H "Authorization: Bearer $ADMIN_TOKEN"'
    closed = "" if settings.registration_is_open else admin
    guarded = "" if settings.client_creation_is_open else admin
    json_type = "-H 'Content-Type: application/json'"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    person = """-d '{"username":"testuser","password":"password123"}'"""
    app = """-d '{"client_name":"UserApp","redirect_uri":"http://localhost:3000/callback"}'"""
    form = "-u ID:SECRET -d 'grant_type=client_credentials&scope=profile'"
    lines = [
        f"Postern {__version__} ({settings.app_env})",
        f"  listening  {settings.scheme}://{host}:{settings.port}",
        f"  docs       {url}/docs" if settings.docs else "  docs       switched off",
        f"  database   {describe_database(settings.database_url)}",
        f"  workers    {settings.worker_count}",
        "",
        f"curl {insecure}-X POST {url}/register_user{closed} {json_type} {person}",
        f"curl {insecure}-X POST {url}/create_client{guarded} {json_type} {app}",
        f"curl {insecure}-X POST {url}/token {form}",
        "",
    ]
    return "\n".join(lines)


COMMAND = Command("serve", "Serve the API.", _add_arguments, _run)
