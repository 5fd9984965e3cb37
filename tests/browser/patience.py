"""Time limits of a browser, which follow the machine."""

from playwright.async_api import BrowserContext, expect

from tests.support.machine import scaled

MILLISECONDS = 10_000


def set_time_limits(context: BrowserContext) -> None:
    """Give actions in this context, and expectations of pages, the time that this machine needs."""
    context.set_default_timeout(scaled(MILLISECONDS))
    expect.set_options(timeout=scaled(MILLISECONDS))
