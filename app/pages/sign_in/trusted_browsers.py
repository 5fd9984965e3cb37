"""The trusted-browser cookie: its users are not asked for a second factor for some time."""

from app.models.accounts.users import User
from app.pages.support import Browser
from app.pages.support.browser import REMEMBERED_COOKIE, SEPARATOR, trusted_browser_secrets

REMEMBER = "remember_browser"


def remembered_days(browser: Browser) -> int:
    """Return for how many days a browser can be trusted; 0 if pages do not offer it."""
    return browser.services.factors.trusted_browsers.lasts.days


async def is_remembered(browser: Browser, user: User) -> bool:
    trusted_browsers = browser.services.factors.trusted_browsers
    return await trusted_browsers.knows(user, trusted_browser_secrets(browser))


async def remember_browser(browser: Browser, user: User) -> None:
    """Trust this browser for a user who has just given a second factor and asked for it."""
    trusted_browsers = browser.services.factors.trusted_browsers
    if not trusted_browsers.lasts:
        return
    secrets = await trusted_browsers.remember(
        user, trusted_browser_secrets(browser), user_agent=browser.user_agent
    )
    browser.set_cookie(REMEMBERED_COOKIE, SEPARATOR.join(secrets), lasts=trusted_browsers.lasts)
