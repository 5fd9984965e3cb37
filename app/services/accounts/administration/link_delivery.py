"""How a one-time link that an administrator creates reaches the user."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from app.details import Detail
from app.errors import ConflictError, FullAdministratorRequiredError
from app.services.operations.authority import Authority


class LinkDelivery(NamedTuple):
    """A link is mailed, or returned to the administrator who passes it on.

    That to an account that carries an administrative role is only mailed, except to a caller
    `for_administrators`: the operator of the database.
    """

    is_mailed: bool
    for_administrators: bool = False

    @contextmanager
    def allowed_by(self, authority: Authority) -> Iterator[bool]:
        """Yield whether the link may be to an administrator, as `is_full` for a repository.

        A full administrator gets a `ConflictError` for a link that has to be mailed.
        """
        try:
            yield authority.is_full and (self.is_mailed or self.for_administrators)
        except FullAdministratorRequiredError:
            if not authority.is_full:
                raise
            raise ConflictError(Detail.LINK_IS_ONLY_MAILED) from None


MAILED = LinkDelivery(is_mailed=True)
RETURNED = LinkDelivery(is_mailed=False)
PRINTED = LinkDelivery(is_mailed=False, for_administrators=True)
"""For the command line."""
