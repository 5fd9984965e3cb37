"""`postern demo`: run the whole quick start over HTTP and print each step, or try it in a browser.

On the local database it deletes the user and the client that it created; if there is no database
yet, it uses a temporary one. On another server it prints which ones remain.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from app.cli.base import command_settings, has_database, with_services
from app.cli.demo_steps import Created, Walk, new_client, new_user
from app.cli.parameters import flag, option
from app.cli.parsing import Commands
from app.extras import require_extra
from app.services.operations.authority import FULL
from app.settings import Settings
from app.startup_errors import StartupError

if TYPE_CHECKING:
    from app.wiring import Services

START_SECONDS = 15.0


cli = Commands()


@cli.command("demo")
def demo(
    *,
    url: Annotated[
        str | None,
        option(
            "--url",
            metavar="URL",
            help="URL of a running server.",
            show_default="start one for the demo",
        ),
    ] = None,
    browser: Annotated[
        bool, flag("--browser", help="Try the sign-in in your browser, with a small app.")
    ] = False,
    insecure: Annotated[
        bool, flag("--insecure", help="Accept any TLS certificate, such as a self-signed one.")
    ] = False,
) -> None:
    """Run the whole quick start with a new user and client.

    With --browser, print the address of a small app that signs the user in, until you press Ctrl-C.
    """
    require_extra("demo", module="httpx", needed_by="demo")
    import httpx  # imported late: the server does not need it

    created = Created()
    is_local = url is None and has_database()
    try:
        with (
            _settings(url) as settings,
            _server(url, settings, is_issuer=browser) as base_url,
            httpx.Client(base_url=base_url, timeout=30, verify=not insecure) as http,
        ):
            walk = Walk(http, settings, is_quiet=browser)
            if browser:
                from app.cli.demo_browser import browse

                browse(http, walk, created, settings=settings, unavailable=httpx.TransportError)
            else:
                _walk(walk, created)
    except httpx.TransportError as error:
        hint = (
            "; use --insecure if the certificate is self-signed"
            if "CERTIFICATE" in str(error)
            else ""
        )
        raise StartupError(f"the server does not respond: {error}{hint}") from None
    finally:
        if is_local:
            _remove(created)
        elif url is not None:
            _say_what_stays(created)


def _remove(created: Created) -> None:
    """Delete the user and the client, with their tokens; the audit log keeps their events."""

    async def work(services: "Services") -> None:
        client = await services.clients.clients.find(created.client_id)
        if client is not None:
            await services.clients.clients.delete(client)
            print(f"\nRemoved the client {created.client_name}.")
        if created.username:
            user = await services.accounts.users.get(created.username)
            await services.accounts.administration.users.delete(user.user_id, authority=FULL)
            print(f"Removed the user {created.username}.")

    if created.username or created.client_id:
        with_services(work)


def _say_what_stays(created: Created) -> None:
    if created.username:
        print(f"\nThe user {created.username} remains on the server.")
    if created.client_name:
        print(f"The client {created.client_name} remains on the server.")


@contextmanager
def _settings(url: str | None) -> Iterator[Settings]:
    """Yield the settings; if there is no database yet, with a temporary one that is removed."""
    if url is not None:
        yield command_settings(creates_secret=False)
    elif has_database():
        yield command_settings()
    else:
        with TemporaryDirectory(prefix="postern-demo-") as directory:
            print("No database found: the demo uses a temporary one.")
            yield command_settings(database_url=f"sqlite:///{directory}/demo.db")


def _walk(walk: "Walk", created: Created) -> None:
    user = new_user(walk, created)
    new_client(walk, created, {"redirect_uri": "http://localhost:3000/callback"})
    client_tokens = walk.token("Get a token for the client itself", grant_type="client_credentials")
    user_tokens = walk.token(
        "Sign the user in",
        grant_type="password",
        username=user.username,
        password=user.password,
        otp=user.authenticator.use_code(),  # required if OTP_POLICY is every_login
    )
    refreshed_tokens = walk.token(
        "Refresh the tokens",
        grant_type="refresh_token",
        refresh_token=user_tokens["refresh_token"],
    )
    walk.profile("Show the client's profile", client_tokens["access_token"])
    walk.profile("Show the user's profile", refreshed_tokens["access_token"])


@contextmanager
def _server(url: str | None, settings: Settings, *, is_issuer: bool) -> Iterator[str]:
    """Yield the URL of a running server: `url`, or a server started on a free port.

    If this URL `is_issuer`, the started server uses it as its `ISSUER`, so that a browser finds it.
    """
    if url is not None:
        yield url
        return
    import uvicorn

    from app.clock import Clock
    from app.main import create_app
    from app.server.listening import bound_socket

    server_settings = settings.model_copy(
        update={"host": "127.0.0.1", "port": 0, "access_log": False, "log_level": "WARNING"}
    )
    listener = bound_socket(server_settings)
    port = listener.getsockname()[1]
    if is_issuer:
        server_settings = server_settings.model_copy(
            update={"issuer": f"http://localhost:{port}", "port": port}
        )
    server = uvicorn.Server(
        uvicorn.Config(create_app(server_settings, clock=Clock()), log_config=None, lifespan="on")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    if not server.started:
        raise StartupError("the demo's server did not start; see its output above")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=START_SECONDS)
