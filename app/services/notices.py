"""Tells people by mail what happened to their accounts."""

from app.models.users import User


class Notices:
    """Without a mail server, or a verified address, nothing is told."""

    async def tell(self, user: User, what: str, **values: str) -> None:
        """Tells the owner of an account; `what` names a mail, as in `password_changed`."""
