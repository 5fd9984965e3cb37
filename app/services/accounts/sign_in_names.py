"""Names by which users sign in: their username, or an email address that they verified."""

from app.details import Detail
from app.errors import ConflictError, InvalidInputError
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.security import usernames
from app.security.mailboxes import typed_email_key
from app.security.usernames import NewName, UsernameError


async def find_user(user_repository: UserRepository, name: str) -> User | None:
    """Return the user who signs in by a name; None if there is none, or more than one.

    A username takes precedence over an address. An address that two accounts have verified signs in
    neither. Which queries run depends only on the name, so that timing reveals nothing.
    """
    key = usernames.key_or_none(name)
    by_username = await user_repository.find_by_key(key) if key is not None else None
    address = typed_email_key(name)
    by_address = (
        await user_repository.list_by_email(address, limit=2) if address is not None else ()
    )
    if by_username is not None:
        return by_username
    return by_address[0] if len(by_address) == 1 else None


def new_name(username: str) -> NewName:
    """Return a username as it is stored for a new account; raise `InvalidInputError`."""
    try:
        return usernames.new_name(username)
    except UsernameError as error:
        raise InvalidInputError(str(error), error="invalid_username", field="username") from None


async def require_no_address(user_repository: UserRepository, name: NewName) -> None:
    """Raise the error of a taken username if the name is a verified address of an account."""
    address = typed_email_key(name.key)
    if address is not None and await user_repository.list_by_email(address, limit=1):
        raise taken()


def taken() -> ConflictError:
    return ConflictError(Detail.USERNAME_TAKEN, field="username")
