"""The banner that `postern serve` prints once it listens."""

from app import __version__
from app.observability.log_output import print_at_once
from app.observability.logging import json_line
from app.settings import Settings, describe_database

FAPI_FACT = (
    "FAPI 2.0: no password grant, no public clients, no secrets of clients, no open registration"
)
FAPI_CLIENT = (
    "postern clients create UserApp --kind web --profile fapi2"
    " --redirect-uri https://app.example.com/callback --jwks-uri https://app.example.com/jwks"
)


def print_banner(settings: Settings) -> None:
    """Print where the server listens, in the form of the log."""
    is_json = settings.log_format == "json"
    print_at_once(_json_banner(settings) if is_json else _banner(settings))


def _banner(settings: Settings) -> str:
    """Return the banner: the addresses, and commands to paste.

    The commands contain example passwords only in development.
    """
    facts = [f"  {name:9}  {value}" for name, value in _facts(settings).items()]
    title = f"Postern {__version__} ({settings.app_env})"
    return "\n".join([title, *facts, "", *_requests(settings), ""])


def _json_banner(settings: Settings) -> str:
    """Return the banner as one line of the JSON log, without the commands."""
    facts = [f"{name} {value}" for name, value in _facts(settings).items()]
    message = " | ".join([f"Postern {__version__} ({settings.app_env})", *facts])
    return json_line(message, level="INFO", name="cli.serve")


def _facts(settings: Settings) -> dict[str, str]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    issuer = {"issuer": settings.issuer_url} if settings.is_production else {}
    profile = {"profile": FAPI_FACT} if settings.profile is not None else {}
    return {
        "listening": f"{settings.scheme}://{host}:{settings.port}",
        **issuer,
        **profile,
        "docs": f"{_base_url(settings)}/docs" if settings.docs else "disabled",
        "database": describe_database(settings.database_url),
        "workers": str(settings.worker_count),
    }


def _requests(settings: Settings) -> list[str]:
    """Return the commands to try first."""
    url = _base_url(settings)
    insecure = "-k " if url.startswith("https://localhost") else ""
    admin = ' -H "Authorization: Bearer $ADMIN_TOKEN"'
    client_creation_auth = "" if settings.client_creation_is_open else admin
    json_type = "-H 'Content-Type: application/json'"
    user = """-d '{"username":"testuser","password":"password123"}'"""
    client = """-d '{"client_name":"UserApp","redirect_uri":"http://localhost:3000/callback"}'"""
    form = "-u ID:SECRET -d 'grant_type=client_credentials&scope=profile'"
    registration_auth = "" if settings.registration_is_open else admin
    register = f"curl {insecure}-X POST {url}/register_user{registration_auth} {json_type} {user}"
    users = [] if settings.is_production else [register]
    if settings.profile is not None:
        return [*users, FAPI_CLIENT]
    return [
        *users,
        f"curl {insecure}-X POST {url}/create_client{client_creation_auth} {json_type} {client}",
        f"curl {insecure}-X POST {url}/token {form}",
    ]


def _base_url(settings: Settings) -> str:
    """Return the URL at which clients reach the server; in development that is localhost."""
    if settings.is_production:
        return settings.issuer_url
    return f"{settings.scheme}://localhost:{settings.port}"
