"""Second factors, and what stands in for them."""

from dataclasses import dataclass

from app.repositories.factors.passkeys import PasskeyRepository
from app.repositories.factors.recovery_codes import RecoveryCodeRepository
from app.security.passkeys import RelyingParty
from app.security.purposes import Purpose
from app.services.factors.mail_codes import MailCodes
from app.services.factors.otp import OtpService
from app.services.factors.passkey_challenges import PasskeyChallenges
from app.services.factors.passkeys import PasskeyService
from app.services.factors.recovery_codes import RecoveryCodes
from app.services.factors.trusted_browsers import TrustedBrowsers
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    otp: OtpService
    passkeys: PasskeyService
    recovery_codes: RecoveryCodes
    mail_codes: MailCodes
    trusted_browsers: TrustedBrowsers


def build_factors(core: Core) -> Factors:
    otp = OtpService(
        user_repository=core.user_repository,
        box=core.box(Purpose.OTP_SECRETS),
        threads=core.threads,
        limits=core.limits,
        known_networks=core.known_networks,
        audit=core.audit,
        notices=core.notices,
        clock=core.clock,
        issuer=core.settings.otp_label,
    )
    passkeys = _build_passkeys(core)
    recovery_codes = RecoveryCodes(
        recovery_code_repository=RecoveryCodeRepository(core.database),
        otp=otp,
        audit=core.audit,
        notices=core.notices,
        clock=core.clock,
    )
    return Factors(
        otp=otp,
        passkeys=passkeys,
        recovery_codes=recovery_codes,
        mail_codes=MailCodes(
            passkeys=passkeys,
            recovery_codes=recovery_codes,
            replay_cache_repository=core.replay_cache_repository,
            box=core.box(Purpose.MAIL_CODES),
            outbox=core.outbox,
            limits=core.limits,
            audit=core.audit,
            notices=core.notices,
            clock=core.clock,
        ),
        trusted_browsers=core.trusted_browsers,
    )


def _build_passkeys(core: Core) -> PasskeyService:
    challenges = PasskeyChallenges(
        replay_cache_repository=core.replay_cache_repository,
        box=core.box(Purpose.PASSKEY_CHALLENGES),
        clock=core.clock,
    )
    return PasskeyService(
        passkey_repository=PasskeyRepository(core.database),
        user_repository=core.user_repository,
        challenges=challenges,
        limits=core.limits,
        audit=core.audit,
        clock=core.clock,
        relying_party=RelyingParty.of(core.settings.issuer_url, name=core.settings.brand_name),
    )
