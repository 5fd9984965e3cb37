"""Errors of the product's own API: problem details (RFC 9457) that also contain `error`.

The errors that the OAuth standards define are in `app.oauth.errors`.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar, Self


class PublicText(StrEnum):
    """Base of the catalogues of details.

    `code` is the `error` code that belongs to a text, or None for the code of the error's class.
    """

    code: str | None

    def __new__(cls, text: str, code: str | None = None) -> Self:
        member = str.__new__(cls, text)
        member._value_ = text
        member.code = code
        return member


class PosternError(Exception):
    """An error that is reported to the client.

    `detail` is a constant sentence: anyone may see it, and it never repeats the input. `field` is
    the input field that the error is about; a `{field}` in the detail stands for its name. The
    private `reason` goes into the log record of the refusal and nowhere else. `values` are inserted
    into the detail, for example at `%(minimum)s`; they are numbers of the settings.
    """

    error: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        error: str | None = None,
        field: str | None = None,
        reason: str | None = None,
        values: Mapping[str, int] | None = None,
    ) -> None:
        self._text = str(detail or self.title)
        self._values = values
        code = detail.code if isinstance(detail, PublicText) else None
        self.error_code = error or code or self.error
        self.field = field
        self.reason = reason
        super().__init__(self.detail)

    @property
    def detail(self) -> str:
        return self.detail_for(f"The {self.field}")

    def detail_for(self, name: str, translate: Callable[[str], str] = str) -> str:
        """Return the detail with another name for the field, such as that of an option."""
        return self._filled(translate(self._text).replace("{field}", name))

    def translated(self, translate: Callable[[str], str]) -> str:
        """Return the detail in the language of `translate`."""
        return self._filled(translate(self._text.replace("{field}", f"The {self.field}")))

    def _filled(self, text: str) -> str:
        return text % self._values if self._values is not None else text

    def headers(self) -> dict[str, str]:
        """Return the additional headers of the response."""
        return {}


class BadRequestError(PosternError):
    """A request that does not have the form that its standard requires."""

    error = "bad_request"
    status = 400
    title = "Bad Request"


class InvalidInputError(PosternError):
    """A well-formed body that violates one of our rules."""

    error = "invalid_request"
    status = 422
    title = "Unprocessable Content"


class UnauthorizedError(PosternError):
    """The credentials are missing or wrong."""

    error = "unauthorized"
    status = 401
    title = "Unauthorized"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="postern"'}


class InvalidAccessTokenError(UnauthorizedError):
    """The access token is unknown, expired or revoked (RFC 6750 section 3.1)."""

    error = "invalid_token"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="postern", error="invalid_token"'}


class InvalidCredentialsError(PosternError):
    """The username or the password is wrong. The error does not say which."""

    error = "invalid_credentials"
    status = 401
    title = "Unauthorized"


class ForbiddenError(PosternError):
    """The caller is known, but may not do this."""

    error = "forbidden"
    status = 403
    title = "Forbidden"


class InsufficientScopeError(ForbiddenError):
    """The caller does not hold the scope that is required (RFC 6750 section 3.1)."""

    error = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This requires the scope {scope} or admin.", reason=f"the caller lacks {scope}"
        )
        self._scope = scope
        self._algorithms: str | None = None

    def for_bound_token(self, algorithms: str) -> Self:
        """Return the error for a token that came with a proof (RFC 9449 section 7.1).

        `algorithms` is the parameter of the challenge that lists those of proofs.
        """
        self._algorithms = algorithms
        return self

    def headers(self) -> dict[str, str]:
        challenge = f'realm="postern", error="insufficient_scope", scope="{self._scope}"'
        if self._algorithms is not None:
            return {"WWW-Authenticate": f"DPoP {challenge}, {self._algorithms}"}
        return {"WWW-Authenticate": f"Bearer {challenge}"}


class FullAdministratorRequiredError(ForbiddenError):
    """The object carries an administrative role or scope, and the caller is not a full
    administrator."""

    error = "administrator_required"

    def __init__(self) -> None:
        super().__init__(
            "Only a full administrator may change what carries an administrative role or scope."
        )


class NotFoundError(PosternError):
    error = "not_found"
    status = 404
    title = "Not Found"


class ConflictError(PosternError):
    error = "conflict"
    status = 409
    title = "Conflict"


class LastAdministratorError(ConflictError):
    """The change would leave the server without an administrator."""

    error = "last_administrator"

    def __init__(self) -> None:
        super().__init__(
            "This is the last administrator. Make another user an administrator first."
        )


class StaleVersionError(PosternError):
    """The object has changed since the caller read it (RFC 9110 section 15.5.13)."""

    error = "precondition_failed"
    status = 412
    title = "Precondition Failed"

    def __init__(self) -> None:
        super().__init__("The object was changed in the meantime. Read it again.")


class UnsupportedMediaTypeError(PosternError):
    """The body has another media type than the endpoint accepts."""

    error = "unsupported_media_type"
    status = 415
    title = "Unsupported Media Type"


class PreconditionRequiredError(PosternError):
    """The request has no `If-Match` (RFC 6585 section 3)."""

    error = "precondition_required"
    status = 428
    title = "Precondition Required"


def require_version(version: int | None, *, current: int) -> None:
    """Raise `StaleVersionError` if the caller states another version than the current one."""
    if version not in (None, current):
        raise StaleVersionError


class MailNotSentError(PosternError):
    """The mail server did not accept a mail; the detail says why."""

    error = "mail_not_sent"
    status = 502
    title = "Bad Gateway"


class GoneError(PosternError):
    error = "gone"
    status = 410
    title = "Gone"


class TooManyRequestsError(PosternError):
    """An attempt was rate-limited.

    `retry_after` is the number of seconds until the next attempt is allowed.
    """

    error = "too_many_requests"
    status = 429
    title = "Too Many Requests"

    def __init__(self, *, retry_after: int, reason: str | None = None) -> None:
        super().__init__("Too many attempts. Try again after Retry-After seconds.", reason=reason)
        self.retry_after = max(1, retry_after)

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class SharedDelayError(TooManyRequestsError):
    """An attempt was refused by the back-off shared by all networks unknown to the account."""


class UnavailableError(PosternError):
    """Postern cannot respond at the moment.

    `retry_after` is the number of seconds after which the client should try again.
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
    """The database does not respond, or not in time."""

    def __init__(self) -> None:
        super().__init__("The database is unavailable. Try again in a moment.")


class CallerGoneError(UnavailableError):
    """The client disconnected, so statements not yet sent to the database are dropped.

    This response is never read.
    """

    def __init__(self) -> None:
        super().__init__("The client disconnected.")


class OverloadedError(UnavailableError):
    """A bounded queue is full."""

    def __init__(self) -> None:
        super().__init__("The server is busy. Try again in a moment.", retry_after=1)
