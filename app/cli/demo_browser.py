"""`postern demo --browser`: a user signs in to a small app in the browser."""

import os
import signal
import sys
import threading
import webbrowser
from typing import Any

from app.cli.demo_client import SCOPE, DemoClient, DemoError, callback_of
from app.cli.demo_pages import DemoUser
from app.cli.demo_site import DemoSite, LoopbackServer, files_of
from app.cli.demo_steps import Created, Walk, new_client, new_user
from app.settings import Settings
from app.startup_errors import StartupError

CLAIMS = {"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "locale": "en"}
PAUSE_SECONDS = 0.5


def browse(
    http: Any, walk: Walk, created: Created, *, settings: Settings, unavailable: type[Exception]
) -> None:
    """Serve the app until Ctrl-C or SIGTERM; `unavailable` is what `http` raises."""
    ended = _end_by_signal()
    user = new_user(walk, created, **CLAIMS)
    with LoopbackServer() as server:
        new_client(
            walk,
            created,
            {
                "redirect_uri": callback_of(server.url),
                "post_logout_redirect_uris": [server.url],
                "scope": SCOPE,
            },
        )
        try:
            client = DemoClient(
                http, unavailable=unavailable, home_url=server.url, credentials=walk.client
            )
        except DemoError as error:
            raise StartupError(f"demo: {error}") from None
        site = DemoSite(
            client=client,
            user=DemoUser(user.username, user.password, user.authenticator.otp_uri),
            authenticator=user.authenticator,
            files=files_of(settings),
        )
        with server.serving(site):
            print(f"Open {server.url} in your browser. Press Ctrl-C to end the demo.", flush=True)
            if _has_desktop():
                webbrowser.open(server.url)
            while not ended.wait(PAUSE_SECONDS):
                pass


def _end_by_signal() -> threading.Event:
    """Return an event that Ctrl-C and SIGTERM set from now on."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _has_desktop() -> bool:
    """Return whether a browser can open a window; another would take over the terminal."""
    if not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
