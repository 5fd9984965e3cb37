"""The ASGI entry for Vercel, which fills in what the platform knows and nobody set."""

import os
from collections.abc import Mapping

from app import main
from app.errors import StartupError

LOOPBACK = "127.0.0.1"  # the platform hands requests over from there, with X-Forwarded-For


def platform_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that follow from Vercel's own variables; raises `StartupError`.

    A preview has an address of its own; only production has the project's domain.
    """
    if not environment.get("DATABASE_URL", "").startswith("postgres"):
        raise StartupError(
            "DATABASE_URL: must name PostgreSQL on Vercel, where no file can be kept"
        )
    is_production = environment.get("VERCEL_ENV") == "production"
    domain = environment.get("VERCEL_URL", "")
    if is_production:
        domain = environment.get("VERCEL_PROJECT_PRODUCTION_URL") or domain
    found = {"ISSUER": f"https://{domain}" if domain else "", "TRUSTED_PROXIES": LOOPBACK}
    return {name: value for name, value in found.items() if not environment.get(name)}


os.environ.update(platform_settings(os.environ))
app = main.app
