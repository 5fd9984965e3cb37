"""What the bearer of an access token is told about himself."""

from app.models.access_tokens import AccessToken
from app.schemas.profile import ClientProfile, UserProfile


def profile_of(token: AccessToken) -> UserProfile | ClientProfile:
    if token.user_id is None or token.username is None:
        return ClientProfile(client_id=token.client_id)
    return UserProfile(username=token.username, otp_verified=token.otp_confirmed_at is not None)
