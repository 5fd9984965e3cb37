"""The requests of the demo to the server, each printed with its response."""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.security.qr_codes import terminal_lines
from app.settings import Settings
from app.startup_errors import StartupError

STEP_SECONDS = 30
PAUSE_SECONDS = 0.2


@dataclass(slots=True)
class Created:
    """The user and the client that the demo has created so far."""

    username: str = ""
    client_name: str = ""
    client_id: str = ""


class Authenticator:
    """An authenticator app that has scanned the QR code. Every code is used only once."""

    def __init__(self, otp_uri: str) -> None:
        import pyotp

        self.otp_uri = otp_uri
        self._totp = pyotp.TOTP(parse_qs(urlsplit(otp_uri).query)["secret"][0])
        self._first_unused = 0

    def use_code(self) -> str:
        """Return a code that is not used yet; wait for it if the next one has been used too."""
        while (code := self.code()) is None:
            time.sleep(PAUSE_SECONDS)
        self.mark_used()
        return code

    def code(self) -> str | None:
        """Return a code that the server accepts now, or None if there is none at the moment.

        If the current one has been used, it is that of the next 30 seconds, which the server
        accepts already.
        """
        step = max(_current_step(), self._first_unused)
        return str(self._totp.generate_otp(step)) if step <= _current_step() + 1 else None

    def mark_used(self) -> None:
        """Do not return the code again that `code` returns now."""
        current_step = _current_step()
        self._first_unused = min(max(current_step, self._first_unused) + 1, current_step + 2)


def _current_step() -> int:
    return int(time.time() // STEP_SECONDS)


class Walk:
    """A sequence of requests; prints each response, with long values such as secrets shortened.

    If it `is_quiet`, it prints nothing.
    """

    def __init__(self, http: Any, settings: Settings, *, is_quiet: bool) -> None:
        self._http = http
        self._is_quiet = is_quiet
        admin = settings.admin_token
        self._admin = (
            {"Authorization": f"Bearer {admin.get_secret_value()}"} if admin is not None else {}
        )
        self.client = ("", "")

    def json(self, title: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._show(title, "POST", path, json=body, headers=self._admin)

    def token(self, title: str, **form: str) -> dict[str, Any]:
        return self._show(title, "POST", "/token", data=form, auth=self.client)

    def profile(self, title: str, token: str) -> dict[str, Any]:
        return self._show(title, "GET", "/profile", headers={"Authorization": f"Bearer {token}"})

    def _show(self, title: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        response = self._http.request(method, path, **request)
        body: dict[str, Any] = response.json()
        if not self._is_quiet:
            print(f"\n{title}: {method} {path} -> {response.status_code}")
            for name, value in body.items():
                text = str(value)
                print(f"  {name}: {text if len(text) <= 72 else text[:60] + '…'}")
        if response.is_error:
            raise StartupError(f"{path} responded with {response.status_code}")
        return body

    def show_enrolment(self, otp_uri: str) -> None:
        """Print the QR code of the authenticator app."""
        if not self._is_quiet:
            print(terminal_lines(otp_uri))
            print(otp_uri)


@dataclass(frozen=True, slots=True)
class NewUser:
    username: str
    password: str
    authenticator: Authenticator


def new_user(walk: Walk, created: Created, **claims: str) -> NewUser:
    """Register a user with an authenticator app."""
    name, password = f"demo-{secrets.token_hex(3)}", secrets.token_urlsafe(12)
    body = {"username": name, "password": password, **claims}
    enrolment = walk.json("Register a user", "/register_user", body)
    created.username = name
    walk.show_enrolment(enrolment["otp_uri"])
    authenticator = Authenticator(enrolment["otp_uri"])
    walk.json(
        "Confirm the enrolment with a code from the authenticator app",
        "/verify_otp",
        {"username": name, "code": authenticator.use_code()},
    )
    return NewUser(name, password, authenticator)


def new_client(walk: Walk, created: Created, metadata: dict[str, Any]) -> None:
    """Create a client and authenticate as it from now on."""
    name = f"{created.username}-app"
    client = walk.json("Create a client", "/create_client", {"client_name": name, **metadata})
    created.client_name, created.client_id = name, client["client_id"]
    walk.client = (client["client_id"], client["client_secret"])
