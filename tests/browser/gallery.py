"""The pages in a browser without a server: each state under an address of its own."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import png
from fastapi import Request
from playwright.async_api import BrowserContext, Page, Route
from starlette.responses import Response

from app.pages.support.assets import STATIC, assets_of
from app.pages.support.templating import page
from app.settings import Settings
from tests.browser.states import STATES
from tests.support.parts import settings_for

ORIGIN = "https://gallery.test"


class Sent(NamedTuple):
    """What left the gallery, which itself stays as it is: forms, and addresses elsewhere."""

    forms: list[dict[str, str]]
    away: list[str]


async def show(here: Page, state: str, language: str = "en") -> None:
    """Opens a state; that of a form which sends itself never finishes loading."""
    until = "commit" if state.startswith("form-post") else "load"
    await here.goto(f"{ORIGIN}/{state}?ui_locales={language}", wait_until=until)  # type: ignore[arg-type]  # one of its words
    await here.locator(".foot").wait_for()


async def open_gallery(context: BrowserContext, **settings: Any) -> Sent:
    """Lets a browser see each state at its address, with the policy and files of the real pages."""
    sent = Sent([], [])
    made = settings_for("sqlite:///./never-opened.db", **settings)

    async def answer(route: Route) -> None:
        asked = route.request
        if asked.method == "POST":
            form = parse_qs(asked.post_data or "", keep_blank_values=True)
            sent.forms.append({name: values[0] for name, values in form.items()})
            await route.fulfill(status=204)
        elif not asked.url.startswith(ORIGIN):
            sent.away.append(asked.url)
            await route.fulfill(status=204)
        else:
            try:
                response = _answer(asked.url, made)
            except Exception:
                await route.abort()  # so that the browser does not wait
                raise
            headers = dict(response.headers)
            await route.fulfill(
                status=response.status_code, headers=headers, body=bytes(response.body)
            )

    await context.route("**/*", answer)
    return sent


def _answer(url: str, settings: Settings) -> Response:
    parts = urlsplit(url)
    name = parts.path.strip("/")
    for asset in assets_of(settings).values():
        if asset.url == parts.path:
            return Response(asset.content, media_type=asset.media_type)
    if name == "assets/favicon.svg":
        return Response((STATIC / "favicon.svg").read_bytes(), media_type="image/svg+xml")
    if name == "clients/photos/logo":
        return Response(_logo(), media_type="image/png")
    if name not in STATES:
        return Response("", status_code=404)
    template, values = STATES[name]
    language = parse_qs(parts.query).get("ui_locales", ["en"])[0]
    return drawn(template, values, settings, language=language)


def drawn(
    template: str, values: Mapping[str, Any], settings: Settings, *, language: str
) -> Response:
    """Return the page of a template with these values, as the server sends it."""
    frames = ["https://photos.example.com"] if values.get("frames") else []
    request = _request(urlencode({"ui_locales": language}), settings)
    return page(request, template, frame_src=frames, **values)


def _request(query: str, settings: Settings) -> Request:
    services = SimpleNamespace(core=SimpleNamespace(settings=settings))
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": query.encode(),
            "headers": [],
            "app": SimpleNamespace(state=SimpleNamespace(services=services)),
        }
    )


def logo_file(directory: Path) -> Path:
    path = directory / "logo.png"
    path.write_bytes(_logo())
    return path


def _logo() -> bytes:
    """A round picture on nothing, like the logos that applications have."""
    size, drawn = 96, io.BytesIO()
    rows = [
        [
            value
            for x in range(size)
            for value in (
                (240, 90 + y, 40 + x, 255)
                if (x - 47.5) ** 2 + (y - 47.5) ** 2 < 46**2
                else (0, 0, 0, 0)
            )
        ]
        for y in range(size)
    ]
    png.Writer(size, size, greyscale=False, alpha=True).write(drawn, rows)
    return drawn.getvalue()
