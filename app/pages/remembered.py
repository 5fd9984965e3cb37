"""The cookie of a browser in which some people are not asked for a second factor for a while."""

from starlette.responses import Response

from app.models.users import User
from app.pages.browser import (
    REMEMBERED_COOKIE,
    SEPARATOR,
    Browser,
    remembered_secrets,
    set_cookie,
)

REMEMBER = "remember_browser"


def remembered_days(browser: Browser) -> int:
    """What the pages offer; zero where they do not."""
    return browser.services.settings.remember_browser_days


async def is_remembered(browser: Browser, user: User) -> bool:
    return await browser.services.remembered_browsers.knows(user, _secrets(browser))


async def remember_browser(browser: Browser, response: Response, user: User) -> None:
    """As the person wished who just gave his second factor."""
    remembered = browser.services.remembered_browsers
    if not remembered.lasts:
        return
    secrets = await remembered.remember(
        user, _secrets(browser), user_agent=browser.request.headers.get("user-agent", "")
    )
    set_cookie(
        browser.services,
        response,
        REMEMBERED_COOKIE,
        SEPARATOR.join(secrets),
        lasts=remembered.lasts,
    )


def _secrets(browser: Browser) -> list[str]:
    return remembered_secrets(browser.services, browser.request)
