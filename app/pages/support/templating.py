"""Rendering of templates; every value that goes into one is escaped."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import HTMLResponse

from app.i18n.languages import direction_of, translations_of
from app.observability import refusals
from app.pages.support.assets import LOGO, LOGO_DARK, Asset, assets_of, provider_icon
from app.pages.support.negotiation import asked_language, in_language, language_for
from app.pages.support.provider_icons import icon_of
from app.settings import Settings
from app.wiring import Services

if TYPE_CHECKING:
    from jinja2 import Environment

DIRECTORY = Path(__file__).parents[1]
COMMON = ("base.html", "parts.html", "login.html", "otp.html", "consent.html", "error.html")
"""Templates that are compiled before the first page is rendered."""


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    posts_may_end_at_client: bool = False,
    frame_src: Sequence[str] = (),
    policy: str | None = None,
    **values: object,
) -> HTMLResponse:
    """Return a page in the user's language, with its Content-Security-Policy.

    Set `posts_may_end_at_client` on a page whose form may be answered by a redirect to a client.
    `frame_src` lists the origins that the page loads in frames.
    """
    services: Services = request.app.state.services
    language = language_for(request)
    assets = assets_of(services.core.settings)
    content = (
        _environment(language)
        .get_template(template)
        .render(
            {
                "lang": language,
                "dir": direction_of(language),
                "brand": _brand(services.core.settings, assets),
                "asset": lambda name: assets[name].url,
                "provider_icon": lambda issuer: assets[provider_icon(icon_of(issuer))].url,
                "ui_locales": asked_language(request),
                "local": lambda path: in_language(request, path),
                **values,
            }
        )
    )
    if status >= HTTPStatus.BAD_REQUEST:
        _note(values.get("errors"))
    headers = {
        "Content-Security-Policy": policy
        or page_policy(posts_may_end_at_client=posts_may_end_at_client, frame_src=frame_src),
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Content-Language": language,
        "Vary": "Accept-Language, Cookie",
    }
    return HTMLResponse(content, status_code=status, headers=headers)


def _brand(settings: Settings, assets: Mapping[str, Asset]) -> dict[str, str | None]:
    """Return name, logos and links of the operator; what is not set is None."""
    return {
        "name": settings.brand_name,
        "logo_url": assets[LOGO].url if LOGO in assets else None,
        "logo_dark_url": assets[LOGO_DARK].url if LOGO_DARK in assets else None,
        "help_url": settings.help_url,
        "privacy_url": settings.privacy_url,
        "terms_url": settings.terms_url,
    }


def _note(errors: Any) -> None:
    """Record which fields of a form have errors, for the log record of the request."""
    if errors:
        fields = ", ".join(name or "the whole form" for name in errors)
        refusals.note_form(f"invalid fields: {fields}")


def page_policy(*, posts_may_end_at_client: bool = False, frame_src: Sequence[str] = ()) -> str:
    """Return a policy that allows only Postern's own scripts and styles, and frames of `frame_src`.

    Chromium checks `form-action` at every redirect after a form post, including the client's own
    redirects, and no server can list their targets (docs/decisions/0015-form-action.md).
    """
    forms = "" if posts_may_end_at_client else " form-action 'self';"
    frames = f" frame-src {' '.join(frame_src)};" if frame_src else ""
    return (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
        f" img-src 'self' data:;{forms}{frames}"
        " frame-ancestors 'none'; base-uri 'none'"
    )


async def ready(request: Request) -> None:
    """Import Jinja and compile the templates of `COMMON` in the user's language, in a thread.

    A dependency of every page. Without it, the first page would block the event loop for a tenth
    of a second.
    """
    language = language_for(request)
    if language not in _ready_languages():
        await asyncio.to_thread(_prepare, language)


@lru_cache(maxsize=1)
def _ready_languages() -> set[str]:
    return set()


def _prepare(language: str) -> None:
    environment = _environment(language)
    for name in COMMON:
        environment.get_template(name)
    _ready_languages().add(language)


@lru_cache(maxsize=8)
def _environment(language: str) -> "Environment":
    from jinja2 import (  # imported late because few servers show pages
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    environment = Environment(
        loader=FileSystemLoader(DIRECTORY / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # templates of the next release may not fit this code
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # the extension adds it
        translations_of(language), newstyle=True
    )
    return environment
