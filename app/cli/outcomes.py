"""The exit code of a command, and the line for the operator if it was refused."""

import os
import sys
from collections.abc import Callable

from app.errors import PosternError
from app.server.refusals import EXIT_CANNOT_START, lines_for, print_refusal
from app.settings import environment_value

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 0
ARGUMENTS = frozenset({"name", "username", "client_name"})
"""Fields that commands take as an argument; the others are options."""
OPTIONS = {
    "id_token_claims": "--id-token-claim",
    "allowed_scopes": "--allowed-scope",
    "allowed_resources": "--allowed-resource",
    "json_schema": "--schema",
    "clients": "--client",
    "resources": "--resource",
    "login_methods": "--login-method",
    "aliases": "--alias",
    "scopes": "--scope",
    "requesters": "--requester",
    "servers": "--server",
    "token_exchange.targets": "--exchange-target",
    "token_exchange.exchanger_of": "--exchanger-of",
    "token_exchange.may_act": "--may-act",
    "identity_assertions": "--identity-assertion",
    "policies": "--personal-token-group",
}
"""Options that are repeated, by their fields."""
ATTRIBUTES = "attributes."
"""Beginning of a field that is an attribute of a user or group."""


def exit_code_of(work: Callable[[], int | None], *, is_server: bool = False) -> int:
    """Run a command and return its exit code; print a refusal to standard error.

    `is_server` says that the log of the command may be JSON. A bug is raised.
    """
    try:
        code = work() or 0
        sys.stdout.flush()
    except BrokenPipeError:  # for example with `| head`
        _discard_output()
        return EXIT_PIPE_CLOSED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        lines = lines_for(error)
        if lines is not None:
            logs_json = is_server and environment_value("LOG_FORMAT") == "json"
            print_refusal(lines, as_json=logs_json)
            return EXIT_CANNOT_START
        if isinstance(error, PosternError):
            print(f"postern: {_detail_of(error)}", file=sys.stderr)
            return EXIT_REFUSED
        raise
    return code


def _detail_of(error: PosternError) -> str:
    """Return the detail of an error, with the name of the option that it is about."""
    if error.field is None or error.field in ARGUMENTS:
        return error.detail
    if error.field.startswith(ATTRIBUTES):
        return error.detail_for(f"The attribute {error.field.removeprefix(ATTRIBUTES)}")
    name = OPTIONS.get(error.field) or f"--{error.field.replace('_', '-')}"
    return error.detail_for(name)


def _discard_output() -> None:
    """Discard the buffered output, because its reader has closed the pipe."""
    null_device = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(null_device, stream.fileno())
