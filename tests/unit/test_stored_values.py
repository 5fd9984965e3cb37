"""Values that are stored, or from which keys and digests are derived, never change.

A database, a cookie or an unopened mail link of the release before would become unreadable, or a
limit would start again.
"""

import ast
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

import pytest

import app as postern
from app.models.accounts.one_time_links import LinkPurpose
from app.models.operations.webhooks import DeliveryStatus
from app.oauth.token_pairs import DERIVED
from app.repositories.accounts.ended_links import digest_of_identity
from app.repositories.accounts.known_networks import Way, digest_of_place
from app.repositories.operations.sealed_values import SealedKind
from app.schemas.webhooks import WebhookEventType
from app.security.encryption import derive_key
from app.security.limit_rules import Attempt, Rule
from app.security.passwords import NO_PASSWORD
from app.security.purposes import Purpose
from app.security.rotation import derived_pair
from app.security.tokens import TokenKind
from app.services.accounts.events import AccountEvent
from app.services.factors.passkey_challenges import ChallengePurpose
from app.services.operations import request_limits
from app.services.operations.activity import ActivityKind
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.limit_policy import Rules, of_site

VALUES: dict[type[StrEnum], set[str]] = {
    Purpose: {
        "dpop nonces",
        "families of jwts",
        "otp secrets",
        "signing keys",
        "passkey challenges",
        "mail codes",
        "mails",
        "page cursors",
        "upstream secrets",
        "settings",
        "key check",
        "audit checkpoints",
        "webhook secrets",
        "csrf",
        "sign in",
        "console visit",
        "new authenticator",
        "upstream flow",
        "upstream newcomer",
        "postern_verify_email",
        "postern_known_network",
        "postern_recover",
        "postern_invitation",
        "postern_recover_way",
        "rotation",
        "refresh token successor",
    },
    SealedKind: {
        "TOTP secrets",
        "signing keys",
        "provider secrets",
        "mails",
        "audit checkpoints",
        "webhook secrets",
    },
    LinkPurpose: {"reset_password", "verify_email", "know_network", "invitation"},
    ChallengePurpose: {"add", "sign in", "second factor"},
    Way: {"pages", "password grant"},
    TokenKind: {
        "postern_pt_",
        "postern_at_",
        "postern_rt_",
        "postern_cs_",
        "postern_ac_",
        "postern_dc_",
        "postern_se_",
        "postern_ar_",
        "postern_rg_",
        "postern_ia_",
        "postern_ol_",
        "postern_rb_",
    },
    AccountEvent: {
        "authorization_code.replayed",
        "refresh_token.shared",
        "refresh_token.replayed",
        "personal_token.created",
        "personal_token.revoked",
        "token.exchanged",
        "identity.asserted",
        "identity.accepted",
        "browser.remembered",
        "browsers.forgotten",
        "consent.granted",
        "consent.revoked",
        "device.approved",
        "email.change_requested",
        "email.verified",
        "factors.reset",
        "invitation.accepted",
        "invitation.revoked",
        "invitation.sent",
        "mail_code.refused",
        "mail_code.sent",
        "mail_code.used",
        "network.made_known",
        "otp.changed",
        "otp.removed",
        "otp.confirmed",
        "otp.refused",
        "otp.reset",
        "passkey.added",
        "passkey.refused",
        "passkey.removed",
        "passkey.renamed",
        "password.changed",
        "password.reset",
        "password.reset_link_made",
        "password.reset_requested",
        "recovery_code.refused",
        "recovery_code.used",
        "recovery_codes.made",
        "session.ended",
        "sessions.ended",
        "sign_in.delayed",
        "sign_in.refused",
        "sign_in.succeeded",
        "upstream.account_created",
        "upstream.linked",
        "upstream.signed_in_again",
        "upstream.unlinked",
        "user.attributes_changed",
        "user.claims_changed",
        "user.data_exported",
        "user.deleted",
        "user.disabled",
        "user.enabled",
        "user.group_joined",
        "user.group_left",
        "user.groups_renewed",
        "user.registered",
        "user.imported",
        "user.invited",
        "user.role_granted",
        "user.role_revoked",
        "user.unlocked",
    },
    ServerEvent: {
        "administrator.refused",
        "issuer.changed",
        "user.preparations_withdrawn",
        "attribute.changed",
        "attribute.defined",
        "attribute.deleted",
        "audit.archived",
        "client.changed",
        "client.created",
        "client.default_resource_changed",
        "client.deleted",
        "client.disabled",
        "client.enabled",
        "client.invitation_revoked",
        "client.invited",
        "client.policies_changed",
        "client.imported",
        "users.exported",
        "client.admin_scopes_changed",
        "client.registered",
        "client.registration_token_issued",
        "client.registration_token_revoked",
        "client.secret_expiry_changed",
        "client.secret_revoked",
        "client.secret_rotated",
        "client.trusted",
        "client.host_blocked",
        "client.host_unblocked",
        "client.redirect_uris_ended",
        "client.token_revoked",
        "client.tokens_revoked",
        "client.token_exchanged",
        "group.changed",
        "group.created",
        "group.deleted",
        "group.role_granted",
        "group.role_revoked",
        "keys.rewrapped",
        "keys.rotated",
        "provider.added",
        "provider.changed",
        "provider.disabled",
        "authorization_type.changed",
        "authorization_type.created",
        "authorization_type.deleted",
        "issuer.created",
        "issuer.deleted",
        "provider.enabled",
        "provider.group_mappings_changed",
        "provider.removed",
        "resource.changed",
        "resource.created",
        "resource.deleted",
        "role.changed",
        "role.created",
        "role.deleted",
        "scope.changed",
        "scope.created",
        "scope.deleted",
        "webhook.changed",
        "webhook.created",
        "webhook.deleted",
        "webhook.disabled",
        "webhook.secret_rotated",
    },
    WebhookEventType: {
        "group.changed",
        "group.created",
        "group.deleted",
        "group.member_added",
        "group.member_removed",
        "sign_in.refused",
        "user.changed",
        "user.created",
        "user.deleted",
        "user.disabled",
        "user.enabled",
    },
    DeliveryStatus: {"delivered", "failed", "pending"},
    ActivityKind: {"dropped_refusals", "refusals", "sign_ins", "tokens"},
}
LIMITS = {
    "first fetch of a document",
    "first fetch of a document at a host",
    "fetch of a known document at a host",
    "admin request",
    "login",
    "login in a day",
    "address",
    "address in a day",
    "code",
    "stranger password",
    "stranger code",
    "token error",
    "token error of an address",
    "registration",
    "client registration",
    "authorization request",
    "request of a client",
    "mail",
    "mail to a recipient",
    "mail of an address",
    "device",
    "passkey",
    "admin",
}
NAMES_IN_DIGESTS = {
    "codes guessed ",
    "confirmation of ",
    "delayed ",
    "mail code ",
    "mail codes guessed ",
    "nobody ",
    "passkey ",
    "recovery ",
    "recovery of ",
    "to ",
    "upstream state ",
    "verification by ",
    "with password ",
}
"""Beginnings of the names under which attempts are counted and identifiers are used up."""


@pytest.mark.parametrize("enum", VALUES, ids=lambda enum: enum.__name__)
def test_the_values_of_an_enum_that_are_stored_or_derived_from_stay(enum: type[StrEnum]) -> None:
    assert {member.value for member in enum} == VALUES[enum]


def test_the_names_of_limits_stay() -> None:
    rules = Rules.of(
        login=1,
        login_address=1,
        code=1,
        token_error=1,
        registration=1,
        client_registration=1,
        authorization_request=1,
        admin_request=1,
    )

    assert {getattr(rules, field.name).name for field in fields(rules)} == LIMITS
    assert of_site(rules.admin).name == "admin (/48)"
    assert 'Rule("told", 1' in Path(request_limits.__file__).read_text(
        "utf-8"
    )  # at most once a day


def test_the_names_that_enter_digests_stay() -> None:
    beginnings = {
        node.values[0].value
        for path in Path(postern.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
    }

    assert beginnings >= NAMES_IN_DIGESTS


def test_keys_and_digests_are_derived_as_before() -> None:
    key = derive_key(b"secret", purpose=Purpose.OTP_SECRETS)
    place = digest_of_place(None, "203.0.113.0", Way.GRANT)
    pair = derived_pair("postern_rt_x", bytes(38))
    identity = digest_of_identity("https://work.example", "ada")
    count, backoff = Attempt(Rule("login", 1, 60.0), "ada", backoff_key="ada from here").keys

    assert key.hex() == "7d6d5aeba2366f228b2ef4f38d703bf3e7c9d076cb50660f22eba0d49da92bd1"
    assert place.hex() == "c022080094ad4eeac1c7e58308ebb999e69432a7b35a1dfc2a9584f6251401e8"
    assert identity.hex() == "14955a2a30c39561003bc20d2f16324f007fa96a45b9a70011bd839044485fdb"
    assert count.hex() == "d1889e28d2113fea81bd47c63a5cecc8d7e8540d5a8a53fde2358c1ba08cfa79"
    assert backoff.hex() == "928e9e2dff3c3772b056c09fa6417e4afac7812085610eaff30deb7dc1ae1078"
    assert pair == (
        "postern_at_AAAAAAAAW7OQjJ3DmKZLmIMTny4w-2owgi1JKmr1OpJlec4ABh4",
        "postern_rt_AAAAAAAAN78nSKQkopQ25zMvw53Fd0IFQCXYpY0UTA5fzOuPxV0",
    )
    assert (DERIVED, NO_PASSWORD) == (2, "!")
