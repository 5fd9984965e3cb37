"""`postern demo`: run the whole quick start over HTTP and print each step.

On the local database it deletes the user and the client that it created; if there is no database
yet, it uses a temporary one. On another server it prints which ones remain.
"""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, urlsplit

from app.cli.base import command_settings, has_database, with_services
from app.cli.parameters import flag, option
from app.cli.parsing import Commands
from app.errors import StartupError
from app.extras import require_extra
from app.security.qr_codes import terminal_lines
from app.services.operations.authority import FULL
from app.settings import Settings

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
    insecure: Annotated[
        bool, flag("--insecure", help="Accept any TLS certificate, such as a self-signed one.")
    ] = False,
) -> None:
    """Run the whole quick start with a new user and client."""
    require_extra("demo", module="httpx", needed_by="demo")
    import httpx  # imported late: the server does not need it

    created = Created()
    is_local = url is None and has_database()
    try:
        with (
            _settings(url) as settings,
            _server(url, settings) as base_url,
            httpx.Client(base_url=base_url, timeout=30, verify=not insecure) as http,
        ):
            _walk(Walk(http, settings), created)
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


@dataclass(slots=True)
class Created:
    """The user and the client that the demo has created so far."""

    username: str = ""
    client_name: str = ""
    client_id: str = ""


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
    name, password = f"demo-{secrets.token_hex(3)}", secrets.token_urlsafe(12)
    enrolment = walk.json(
        "Register a user", "/register_user", {"username": name, "password": password}
    )
    created.username = name
    print(terminal_lines(enrolment["otp_uri"]))
    print(enrolment["otp_uri"])
    authenticator = Authenticator(enrolment["otp_uri"])
    walk.json(
        "Confirm the enrolment with a code from the authenticator app",
        "/verify_otp",
        {"username": name, "code": authenticator.code()},
    )
    client = walk.json(
        "Create a client",
        "/create_client",
        {"client_name": f"{name}-app", "redirect_uri": "http://localhost:3000/callback"},
    )
    created.client_name, created.client_id = f"{name}-app", client["client_id"]
    walk.client = (client["client_id"], client["client_secret"])
    client_tokens = walk.token("Get a token for the client itself", grant_type="client_credentials")
    user_tokens = walk.token(
        "Sign the user in",
        grant_type="password",
        username=name,
        password=password,
        otp=authenticator.next_code(),  # required if OTP_POLICY is every_login
    )
    refreshed_tokens = walk.token(
        "Refresh the tokens",
        grant_type="refresh_token",
        refresh_token=user_tokens["refresh_token"],
    )
    walk.profile("Show the client's profile", client_tokens["access_token"])
    walk.profile("Show the user's profile", refreshed_tokens["access_token"])


class Authenticator:
    """An authenticator app that has scanned the QR code."""

    def __init__(self, otp_uri: str) -> None:
        import pyotp

        self._totp = pyotp.TOTP(parse_qs(urlsplit(otp_uri).query)["secret"][0])

    def code(self) -> str:
        return str(self._totp.now())

    def next_code(self) -> str:
        """Return the code of the next 30 seconds.

        The server accepts it already, and a code can be used only once.
        """
        return str(self._totp.at(int(time.time()), counter_offset=1))


class Walk:
    """A sequence of requests; prints each response, with long values such as secrets shortened."""

    def __init__(self, http: Any, settings: Settings) -> None:
        self._http = http
        admin = settings.admin_token
        self._admin = (
            {"Authorization": f"Bearer {admin.get_secret_value()}"} if admin is not None else {}
        )
        self.client = ("", "")

    def json(self, title: str, path: str, body: dict[str, str]) -> dict[str, Any]:
        return self._show(title, "POST", path, json=body, headers=self._admin)

    def token(self, title: str, **form: str) -> dict[str, Any]:
        return self._show(title, "POST", "/token", data=form, auth=self.client)

    def profile(self, title: str, token: str) -> dict[str, Any]:
        return self._show(title, "GET", "/profile", headers={"Authorization": f"Bearer {token}"})

    def _show(self, title: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        response = self._http.request(method, path, **request)
        print(f"\n{title}: {method} {path} -> {response.status_code}")
        body: dict[str, Any] = response.json()
        for name, value in body.items():
            text = str(value)
            print(f"  {name}: {text if len(text) <= 72 else text[:60] + '…'}")
        if response.is_error:
            raise StartupError(f"{path} responded with {response.status_code}")
        return body


@contextmanager
def _server(url: str | None, settings: Settings) -> Iterator[str]:
    """Yield the URL of a running server: `url`, or a server started on a free port."""
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
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=START_SECONDS)
