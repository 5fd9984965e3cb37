"""Users as the admin API shows them."""

from app.models.accounts.users import User
from app.routers.admin.roles import role_resource
from app.schemas.admin.users import GroupOfUser, UserDetails, UserResource
from app.services.accounts.administration.details import UserDetails as Details


def user_resource(user: User) -> UserResource:
    return UserResource(
        user_id=user.user_id,
        username=user.username,
        claims=dict(user.claim_values),
        otp_confirmed=user.has_confirmed_otp,
        disabled=user.is_disabled,
        created_at=user.created_at,
    )


def user_details(details: Details) -> UserDetails:
    groups = {group.group_id: group.name for group, _ in details.groups}
    return UserDetails(
        **user_resource(details.user).model_dump(),
        attributes=dict(details.attributes),
        groups=[GroupOfUser(group_id=group_id, name=name) for group_id, name in groups.items()],
        roles=[role_resource(role) for role in details.roles],
        has_password=details.has_password,
        passkeys=[passkey.name for passkey in details.passkeys],
        recovery_codes_left=details.figures.recovery_codes_left,
        providers=[identity.provider for identity in details.identities],
        sessions=[session.session_id for session in details.sessions],
        clients=[consent.client_id for consent in details.consents],
        last_sign_in_at=details.figures.last_sign_in_at,
        locked_until=details.locked_until,
        invited_until=details.figures.invited_until,
    )
