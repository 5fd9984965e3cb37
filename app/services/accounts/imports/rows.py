"""The rows of imported users."""

from app.clock import Clock
from app.models.accounts.attributes import UserAttributes
from app.models.accounts.groups import MANUAL, Membership
from app.models.accounts.roles import RoleGrant, user_subject
from app.models.accounts.users import User
from app.models.operations.audit_outbox import NewEvent
from app.security.passwords import NO_PASSWORD, has_password
from app.security.tokens import new_identifier
from app.services.accounts.events import AccountEvent
from app.services.accounts.imports.checks import NewUser
from app.services.accounts.new_users import new_user
from app.services.accounts.user_attributes import stored_text
from app.services.factors.otp import OtpService
from app.services.operations.audit import AuditLog


class ImportedRows:
    def __init__(self, *, otp: OtpService, audit: AuditLog, clock: Clock) -> None:
        self._otp = otp
        self._audit = audit
        self._clock = clock

    def user_of(self, new: NewUser) -> User:
        imported, user_id, now = new.user, new_identifier(), self._clock.now()
        secret = imported.otp_secret
        return new_user(
            imported.username,
            imported.stored_claims(),
            user_id=user_id,
            password_hash=imported.password_hash or NO_PASSWORD,
            otp_secret=self._otp.sealed(secret, user_id=user_id) if secret is not None else None,
            otp_confirmed_at=now if secret is not None and imported.otp_confirmed else None,
            disabled_at=now if imported.disabled else None,
            now=now,
        )

    def memberships_of(self, new: NewUser, user: User) -> list[Membership]:
        return [
            Membership(group_id, user.user_id, MANUAL, user.created_at)
            for group_id in new.group_ids
        ]

    def grants_of(self, new: NewUser, user: User) -> list[RoleGrant]:
        subject = user_subject(user.user_id)
        return [RoleGrant(role_id, subject, user.created_at) for role_id in new.role_ids]

    def attributes_of(self, new: NewUser, user: User) -> list[UserAttributes]:
        """Return the values of the user, if there are any."""
        vouched, own = new.user.attributes, new.user.own_attributes
        if not (vouched or own):
            return []
        return [UserAttributes(user.user_id, stored_text(vouched), stored_text(own))]

    def event_of(self, new: NewUser, user: User) -> NewEvent:
        return self._audit.event(
            AccountEvent.USER_IMPORTED,
            user_id=user.user_id,
            after={
                "username": user.username,
                "claims": sorted(user.claim_values),
                "groups": sorted(new.group_ids),
                "roles": sorted(role.label for role in new.user.roles),
                "attributes": {**new.user.attributes, **new.user.own_attributes},
                "has_password": has_password(user.password_hash),
                "has_otp": user.has_confirmed_otp,
                "disabled": user.is_disabled,
            },
        )
