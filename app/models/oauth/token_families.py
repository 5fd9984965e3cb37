"""Token families: all tokens issued for one sign-in, over all rotations.

A token is valid only while its family is, and a family only while its user has the credentials
with which it was created. `claims` holds the claims requested by the `claims` parameter (OpenID
Connect Core section 5.5). `resources` is what was granted at each resource (`GrantedResources`),
and `confirmation` the key that the family is bound to (RFC 7800), both as JSON. `shared_at` is when
a used refresh token first got the pair that was current then.

A token that was issued by token exchange (RFC 8693) has a family of its own, without a refresh
token. `subject_client_id` is then the client of the subject token, which is named by its family,
by its digest or by the digest of its `jti`, as far as it has them: the family is valid only while
the subject token is. `actors` is its chain of actors (`app.models.oauth.actors`), and
`about_client_id` the client that it is about, if it is about no user.
"""

from sqlalchemy import Column, Index, LargeBinary, String, Table, Text, text

from app.database.types import Instant
from app.models.tables import metadata

token_families = Table(
    "token_families",
    metadata,
    Column("family_id", String(32), primary_key=True),
    Column("client_id", String(255), nullable=False),
    Column("user_id", String(32), index=True),
    Column("credentials_version", String(32)),
    Column("scope", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("revoked_at", Instant),
    Column("session_id", String(32), index=True),
    Column("auth_time", Instant),
    Column("acr", String(100)),
    Column("amr", String(100)),
    Column("claims", Text),
    Column("resources", Text),
    Column("confirmation", Text),
    Column("authorization_details", Text),
    Column("shared_at", Instant),
    Column("actors", Text),
    Column("about_client_id", String(255)),
    Column("subject_client_id", String(255)),
    Column("subject_family_id", String(32)),
    Column("subject_digest", LargeBinary),
    Column("subject_jti_digest", String(64)),
    Index("ix_token_families_client_id_created_at", "client_id", "created_at"),
    Index(
        "ix_token_families_revoked_at",
        "revoked_at",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
)
