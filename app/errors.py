"""Errors of the product's own API: problem details (RFC 9457) that also carry `error`.

The errors that the OAuth standards define live in `app.oauth.errors`.
"""

from typing import ClassVar

CREATED_BY = "`postern serve` or `postern migrate` creates it"
"""The way out, for an operator whose database is not there or empty."""


class PosternError(Exception):
    """Something that a caller is told about.

    `detail` is a constant sentence: it goes to a stranger and never repeats what they sent. The
    private `reason` goes into the log record of the refusal and nowhere else.
    """

    error: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"

    def __init__(
        self, detail: str | None = None, *, error: str | None = None, reason: str | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.reason = reason
        self.detail = detail or self.title
        self.error_code = error or self.error

    def headers(self) -> dict[str, str]:
        """Headers that the answer carries beside the body."""
        return {}


class InvalidInputError(PosternError):
    """A body of the right shape that breaks a rule of ours."""

    error = "invalid_request"
    status = 422
    title = "Unprocessable Content"


class UnauthorizedError(PosternError):
    """Credentials are missing or wrong."""

    error = "unauthorized"
    status = 401
    title = "Unauthorized"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="postern"'}


class InvalidCredentialsError(PosternError):
    """A user name and a password that do not belong together; says nothing about which is wrong."""

    error = "invalid_credentials"
    status = 401
    title = "Unauthorized"


class NotFoundError(PosternError):
    error = "not_found"
    status = 404
    title = "Not Found"


class ConflictError(PosternError):
    error = "conflict"
    status = 409
    title = "Conflict"


class GoneError(PosternError):
    error = "gone"
    status = 410
    title = "Gone"


class TooManyRequestsError(PosternError):
    """A limit refuses a try; says when the next one may be made.

    `retry_after` is in seconds.
    """

    error = "too_many_requests"
    status = 429
    title = "Too Many Requests"

    def __init__(self, *, retry_after: int, reason: str | None = None) -> None:
        super().__init__(
            "There were too many tries. Wait a little before the next one.", reason=reason
        )
        self.retry_after = max(1, retry_after)

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class SharedDelayError(TooManyRequestsError):
    """The back-off refuses that all networks share which an account does not know."""


class UnavailableError(PosternError):
    """Postern cannot answer now and says when to come back.

    `retry_after` is in seconds.
    """

    error = "temporarily_unavailable"
    status = 503
    title = "Service Unavailable"

    def __init__(self, detail: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer, or not in time."""

    def __init__(self) -> None:
        super().__init__("The database is not available at the moment.")


class CallerGoneError(UnavailableError):
    """The caller hung up, so what was not yet sent is not done; nobody reads this answer."""

    def __init__(self) -> None:
        super().__init__("The caller has hung up.")


class OverloadedError(UnavailableError):
    """A bounded queue is full."""

    def __init__(self) -> None:
        super().__init__("The server is busy at the moment.", retry_after=1)


class StartupError(Exception):
    """The server cannot start; each line is for the operator and names what to change."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class DatabaseAwayError(StartupError):
    """The database does not answer. It may come up by itself."""


NO_THREAD = "cannot start a thread: raise the limits on processes and memory (ulimit -u, -v)"


def is_exhaustion(error: BaseException) -> bool:
    """Whether the system had no thread or no memory to give: it may have some later."""
    if isinstance(error, RuntimeError):
        return "can't start new thread" in str(error)
    return isinstance(error, MemoryError) or "Memory allocation error" in str(error)
