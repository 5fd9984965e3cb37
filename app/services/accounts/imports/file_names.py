"""Names by which the users of a file sign in."""

from app.schemas.imported_users import ImportedUser
from app.security.mailboxes import email_key, typed_email_key
from app.security.usernames import NewName
from app.services.accounts.imports.candidates import Candidate


class FileNames:
    """The usernames and verified email addresses of a file so far, and where they are."""

    def __init__(self) -> None:
        self._usernames: dict[str, str] = {}
        self._typed_addresses: dict[str, str] = {}
        self._verified_addresses: dict[str, str] = {}

    def add(self, candidate: Candidate) -> None:
        if candidate.name is not None:
            key = candidate.name.key
            self._usernames.setdefault(key, candidate.place)
            address = typed_email_key(key)
            if address is not None:
                self._typed_addresses.setdefault(address, candidate.place)
        if candidate.user is not None:
            address = _verified_address_of(candidate.user)
            if address is not None:
                self._verified_addresses.setdefault(address, candidate.place)

    def place_of(self, name: NewName) -> str | None:
        """Return where the username is, or None."""
        return self._usernames.get(name.key)

    def problem_with_name(self, name: NewName) -> str | None:
        """Return a problem if the username is a verified address of another user."""
        place = self._verified_addresses.get(typed_email_key(name.key) or "")
        return f"username: is the verified address in {place}" if place is not None else None

    def problem_with_address(self, user: ImportedUser) -> str | None:
        """Return a problem if the verified address of a user is the username of another one."""
        place = self._typed_addresses.get(_verified_address_of(user) or "")
        return f"email: is the username in {place}" if place is not None else None


def _verified_address_of(user: ImportedUser) -> str | None:
    return email_key(user.email) if user.email and user.email_verified else None
