"""The real server as a process of its own, and what tests do with it in one call."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from postern_kit.testing.users import STEP_SECONDS, Client, Tokens, User, totp

LAUNCHER = Path(__file__).with_name("launcher.py")
START_SECONDS = 60.0
STOP_SECONDS = 10.0
VARIABLES = {
    "APP_ENV": "development",
    "DATABASE_URL": "sqlite:///postern.db",
    "ACCESS_LOG": "0",
    "LOG_LEVEL": "WARNING",
    "DOCS": "0",
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_TIME_COST": "1",
    "LOGIN_LIMIT": "100000",
    "LOGIN_LIMIT_ADDRESS": "100000",
    "CODE_LIMIT": "100000",
    "TOKEN_ERROR_LIMIT": "100000",
}
"""Cheap hashes and no limits: only for tests."""


class PosternServer:
    """A running server. `url` is its issuer."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", control: socket.socket, url: str, log: Path
    ) -> None:
        self.url = url
        self.issuer = url
        self.http = httpx.Client(base_url=url, timeout=30)
        self._process = process
        self._control = control
        self._answers = control.makefile("rb")
        self._log = log
        self._moved = 0.0
        self._answer()

    def now(self) -> float:
        """Return the time of the server in seconds; pass this function to verifiers."""
        return time.time() + self._moved

    def advance(self, *, seconds: float) -> None:
        """Move the clock of the server."""
        self._command(do="advance", seconds=seconds)
        self._moved += seconds

    def create_resource(self, identifier: str, *, name: str | None = None, **members: Any) -> str:
        """Register a resource that every client may request, and return its identifier.

        Members are those of the admin API; `scopes` may also be a list of names.
        """
        scopes = [
            {"name": each, "description": each, "is_default": index == 0}
            if isinstance(each, str)
            else each
            for index, each in enumerate(members.pop("scopes", ()))
        ]
        name = name or f"resource-{secrets.token_hex(4)}"
        body = {
            "name": name,
            "identifier": identifier,
            "title": name,
            "is_open_to_all_clients": True,
            "scopes": scopes,
            "token_format": "jwt",
            **members,
        }
        self._command(do="create_resource", body=body)
        return identifier

    def create_user(self, username: str | None = None, *, password: str | None = None) -> User:
        """Register a user with an authenticator app that is confirmed."""
        username = username or f"user-{secrets.token_hex(4)}"
        password = password or secrets.token_urlsafe(16)
        body = {"username": username, "password": password}
        enrolment = self._posted("/register_user", json=body)
        secret = parse_qs(urlsplit(enrolment["otp_uri"]).query)["secret"][0]
        user = User(username, password, secret)
        self._posted("/verify_otp", json={"username": username, "code": self.code(user)})
        return user

    def create_client(self, **metadata: Any) -> Client:
        """Create a client; without metadata it is confidential and may use every usual grant."""
        name = f"client-{secrets.token_hex(4)}"
        body = {
            "client_name": name,
            "redirect_uris": ["http://127.0.0.1:8765/callback"],
            **metadata,
        }
        created = self._posted("/create_client", json=body)
        return Client(created["client_id"], created.get("client_secret"))

    def code(self, user: User) -> str:
        """Return an unused code of a user; move the clock if the next one has been used too."""
        step = max(int(self.now() // STEP_SECONDS), user.first_unused_step)
        ahead = step - int(self.now() // STEP_SECONDS)
        if ahead > 1:
            self.advance(seconds=(ahead - 1) * STEP_SECONDS)
        user.first_unused_step = step + 1
        return totp(user.otp_secret, step)

    def tokens(
        self,
        *,
        client: Client | None = None,
        user: User | None = None,
        scope: str | None = None,
        resource: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Tokens:
        """Get tokens of a user, or of the client itself without one; `headers` such as DPoP."""
        client = client or self.create_client()
        form = {"grant_type": "client_credentials"}
        if user is not None:
            form = {
                "grant_type": "password",
                "username": user.username,
                "password": user.password,
                "otp": self.code(user),
            }
        if scope is not None:
            form["scope"] = scope
        if resource is not None:
            form["resource"] = resource
        return _tokens_in(self._posted("/token", data=form, auth=client.auth, headers=headers))

    def refresh(self, client: Client, tokens: Tokens, **form: str) -> Tokens:
        """Exchange a refresh token for new tokens."""
        data = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token, **form}
        return _tokens_in(self._posted("/token", data=data, auth=client.auth))

    def revoke(self, client: Client, token: str) -> None:
        """Revoke a token."""
        self._requested("/revoke", data={"token": token}, auth=client.auth)

    def log(self) -> str:
        """Return what the server wrote to its log."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Stop the process and wait for its end."""
        self.http.close()
        self._answers.close()
        self._control.close()
        _end(self._process)

    def _posted(self, path: str, **request: Any) -> dict[str, Any]:
        body: dict[str, Any] = self._requested(path, **request).json()
        return body

    def _requested(self, path: str, **request: Any) -> httpx.Response:
        response = self.http.post(path, **request)
        if response.is_error:
            raise AssertionError(f"{path}: {response.status_code} {response.text}\n{self.log()}")
        return response

    def _command(self, **command: Any) -> None:
        self._control.sendall(json.dumps(command).encode() + b"\n")
        self._answer()

    def _answer(self) -> None:
        line = self._answers.readline()
        if not line:
            raise RuntimeError(f"Postern has ended: {self.log()}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])


@contextmanager
def running_postern(
    directory: Path, *, python: str = sys.executable, variables: Mapping[str, str] | None = None
) -> Iterator[PosternServer]:
    """Start the `postern-server` that is installed for `python`, on a free port.

    The database and the log are in `directory`. `variables` are settings.
    """
    ours, theirs = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener, theirs:
        numbers = (theirs.fileno(), listener.fileno())
        log = directory / "postern.log"
        environment = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
            if name in os.environ
        }
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [python, "-P", str(LAUNCHER), *map(str, numbers)],
                cwd=directory,
                env={
                    **environment,
                    "SECRET_KEY": secrets.token_urlsafe(32),
                    **VARIABLES,
                    **(variables or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=numbers,
            )
        url = f"http://localhost:{listener.getsockname()[1]}"
    ours.settimeout(START_SECONDS)
    try:
        server = PosternServer(process, ours, url, log)
    except BaseException:
        ours.close()
        _end(process)
        raise
    try:
        yield server
    finally:
        server.stop()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait until a process that has to stop has ended, and kill it if it does not."""
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tokens_in(body: Mapping[str, Any]) -> Tokens:
    return Tokens(
        body["access_token"],
        body.get("scope", ""),
        body["expires_in"],
        body.get("refresh_token"),
        body.get("id_token"),
    )
