"""The ASGI entry point for Vercel, which derives missing settings from the platform's."""

import os
from collections.abc import Mapping

from app import main
from app.startup_errors import StartupError

LOOPBACK = "127.0.0.1"  # the platform forwards requests from it, with X-Forwarded-For


def platform_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the missing settings that follow from Vercel's own variables.

    A preview has its own domain; only production has the project's. Raises `StartupError` without
    a PostgreSQL database.
    """
    if not environment.get("DATABASE_URL", "").startswith("postgres"):
        raise StartupError(
            "DATABASE_URL: must name a PostgreSQL database on Vercel, where files are not "
            "persistent"
        )
    is_production = environment.get("VERCEL_ENV") == "production"
    domain = environment.get("VERCEL_URL", "")
    if is_production:
        domain = environment.get("VERCEL_PROJECT_PRODUCTION_URL") or domain
    settings = {"ISSUER": f"https://{domain}" if domain else "", "TRUSTED_PROXIES": LOOPBACK}
    return {name: value for name, value in settings.items() if not environment.get(name)}


os.environ.update(platform_settings(os.environ))
app = main.app
