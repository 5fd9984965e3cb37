"""Response of `/profile`: the user or the client that an access token belongs to."""

from app.models.oauth.access_tokens import AccessToken
from app.oauth.subjects import subject_for
from app.schemas.profile import ClientProfile, PairwiseProfile, UserProfile


def profile_of(token: AccessToken) -> UserProfile | PairwiseProfile | ClientProfile:
    if token.user_id is None or token.username is None or token.pairwise_salt is None:
        return ClientProfile(client_id=token.client_id)
    if token.sector_identifier is not None:
        sub = subject_for(
            token.user_id, salt=token.pairwise_salt, sector_identifier=token.sector_identifier
        )
        return PairwiseProfile(sub=sub)
    return UserProfile(username=token.username, otp_verified=token.otp_confirmed_at is not None)
