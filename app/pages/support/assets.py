"""The styles, scripts, icons and logo of the pages, under names with a hash of the content."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from app.colors import brand_properties
from app.dependencies import ServicesDep
from app.details import Detail
from app.errors import NotFoundError
from app.security.images import image_type
from app.settings import Settings
from app.startup_errors import StartupError

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).parents[1] / "static"
A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}
AN_HOUR = {"Cache-Control": "public, max-age=3600"}
BRAND_MARK = "/* the colour of the brand goes here */"
LOGO_LIMIT = 1_000_000
LOGO, LOGO_DARK = "logo", "logo-dark"


@dataclass(frozen=True, slots=True)
class Asset:
    url: str
    media_type: str
    content: bytes


@router.get("/assets/{name}")
async def asset(name: str, services: ServicesDep) -> Response:
    assets = assets_of(services.core.settings)
    for file in assets.values():
        if file.url == f"/assets/{name}":
            return Response(file.content, media_type=file.media_type, headers=A_YEAR)
    if name == "favicon.svg":
        return _favicon()
    if name in (LOGO, LOGO_DARK) and name in assets:  # mails outlive a change of the logo
        file = assets[name]
        return Response(file.content, media_type=file.media_type, headers=AN_HOUR)
    raise NotFoundError(Detail.FILE_UNKNOWN)


@router.get("/clients/logo")
async def document_logo(client_id: str, services: ServicesDep) -> Response:
    """Return the logo of a client with a document, once a user has signed in to it."""
    return await client_logo(client_id, services)


@router.get("/clients/{client_id}/logo")
async def client_logo(client_id: str, services: ServicesDep) -> Response:
    client = await services.clients.clients.find(client_id)
    logo = await services.clients.client_logos.find(client) if client is not None else None
    if logo is None:
        raise NotFoundError(Detail.CLIENT_HAS_NO_LOGO)
    return Response(logo.content, media_type=logo.media_type, headers=AN_HOUR)


@router.get("/favicon.ico")
async def favicon() -> Response:
    return _favicon()


def assets_of(settings: Settings) -> dict[str, Asset]:
    """Return the files of the pages, keyed by their names without a hash.

    `LOGO` and `LOGO_DARK` are among them only if they are set. Raise `StartupError` if one of them
    is not a PNG, JPEG, GIF or WebP picture.
    """
    return _assets(settings.brand_color, settings.brand_logo, settings.brand_logo_dark)


@lru_cache(maxsize=8)
def _assets(color: str, logo: Path | None, logo_dark: Path | None) -> dict[str, Asset]:
    light, dark = brand_properties(color)
    dark_rule = f"@media (prefers-color-scheme: dark) {{ :root {{ {_css(dark)} }} }}"
    brand = f":root {{ {_css(light)} }}\n{dark_rule}"
    style = (STATIC / "postern.css").read_text().replace(BRAND_MARK, brand).encode()
    console = (STATIC / "console.css").read_bytes()
    assets = {
        "postern.css": _hashed("postern", "css", "text/css", style),
        "console.css": _hashed("console", "css", "text/css", console),
        "postern.js": _hashed(
            "postern", "js", "text/javascript", (STATIC / "postern.js").read_bytes()
        ),
        "passkeys.js": _hashed(
            "passkeys", "js", "text/javascript", (STATIC / "passkeys.js").read_bytes()
        ),
        "docs.js": _hashed("docs", "js", "text/javascript", (STATIC / "docs.js").read_bytes()),
        "docs-redirect.js": _hashed(
            "docs-redirect", "js", "text/javascript", (STATIC / "docs-redirect.js").read_bytes()
        ),
        **_provider_icons(),
    }
    if logo is not None:
        assets[LOGO] = _picture(LOGO, logo, setting="BRAND_LOGO")
    if logo_dark is not None:
        assets[LOGO_DARK] = _picture(LOGO_DARK, logo_dark, setting="BRAND_LOGO_DARK")
    return assets


def provider_icon(icon: str) -> str:
    """Return the name of the asset with the icon of an identity provider."""
    return f"provider-{icon}.svg"


def _provider_icons() -> dict[str, Asset]:
    return {
        provider_icon(file.stem): _hashed(
            f"provider-{file.stem}", "svg", "image/svg+xml", file.read_bytes()
        )
        for file in sorted((STATIC / "providers").glob("*.svg"))
    }


def _picture(name: str, file: Path, *, setting: str) -> Asset:
    content = file.read_bytes()[:LOGO_LIMIT]
    media_type = image_type(content)
    if media_type is None:
        raise StartupError(f"{setting}: must be a PNG, JPEG, GIF or WebP picture")
    return _hashed(name, media_type.partition("/")[2], media_type, content)


def _hashed(name: str, suffix: str, media_type: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(f"/assets/{name}-{digest}.{suffix}", media_type, content)


def _css(properties: dict[str, str]) -> str:
    return " ".join(f"{name}: {value};" for name, value in properties.items())


def _favicon() -> Response:
    content = (STATIC / "favicon.svg").read_bytes()
    return Response(content, media_type="image/svg+xml", headers=AN_HOUR)
