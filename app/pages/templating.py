"""Renders templates; everything that goes into one is escaped."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self';"
    " img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
DIRECTORY = Path(__file__).parent


def page(template: str, *, policy: str = PAGE_POLICY, **values: object) -> HTMLResponse:
    """A page with its Content-Security-Policy."""
    content = _environment().get_template(template).render(values)
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return HTMLResponse(content, headers=headers)


@lru_cache(maxsize=1)
def _environment() -> "Environment":
    from jinja2 import (  # late: few servers show pages
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    return Environment(
        loader=FileSystemLoader(DIRECTORY / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
