"""Fields of the rules by which identity assertions (ID-JAG) of a trusted issuer are accepted."""

from collections.abc import Mapping, Sequence

from app.i18n.messages import N_
from app.models.oauth.trusted_issuers import IdentityRules
from app.pages.admin.base import ConsoleRequest
from app.pages.admin.forms import Field, parse_body
from app.pages.admin.views import Cell, Fact
from app.pages.support import Errors
from app.schemas.trusted_issuers import TEN_MINUTES, IdentityRulesBody

IDENTITIES = Field(
    "identities",
    N_("Its tokens are identity assertions (ID-JAG): each stands for its own user"),
    hint=N_("Then enter neither a client nor a user. The subject * stands for every user."),
    kind="check",
)
EMAIL_DOMAINS = Field(
    "email_domains",
    N_("Email domains of the issuer"),
    hint=N_(
        "With spaces between them, without subdomains. Only name a domain if the issuer decides "
        "who gets each address: a verified address there finds the user who verified it here."
    ),
    wrong=N_("Enter up to 100 domains in lower case, such as example.com."),
    maximum=26_000,
)
CREATE_USERS = Field(
    "create_users",
    N_("Create the user of an unknown subject"),
    hint=N_(
        "The user has no password and no role, and signs in with the identity provider of the "
        "issuer, which must exist."
    ),
    kind="check",
)
ACCEPTED_FOR = Field(
    "accepted_for",
    N_("Longest time for which an assertion is accepted, in seconds"),
    wrong=N_("Enter a number from 60 to 3,600."),
    maximum=4,
)
SINGLE_USE = Field("single_use", N_("Accept each assertion once only"), kind="check")
RULES = (EMAIL_DOMAINS, CREATE_USERS, ACCEPTED_FOR, SINGLE_USE)
ONLY_IDENTITIES = N_("Leave this empty, or choose that the tokens are identity assertions.")
FIRST_VALUES = {ACCEPTED_FOR.name: str(TEN_MINUTES)}


def stored_rules(rules: IdentityRules | None) -> dict[str, str]:
    """Return the values of the fields."""
    if rules is None:
        return FIRST_VALUES
    return {
        IDENTITIES.name: "1",
        EMAIL_DOMAINS.name: " ".join(rules.email_domains),
        CREATE_USERS.name: "1" if rules.creates_users else "",
        ACCEPTED_FOR.name: str(rules.accepted_for),
        SINGLE_USE.name: "1" if rules.is_single_use else "",
    }


def typed_rules(request: ConsoleRequest, typed: Mapping[str, str]) -> IdentityRulesBody | None:
    """Return the rules that were typed; show the form again with what is wrong."""
    if not typed[IDENTITIES.name]:
        return None
    values = {
        EMAIL_DOMAINS.name: typed[EMAIL_DOMAINS.name].split(),
        CREATE_USERS.name: bool(typed[CREATE_USERS.name]),
        ACCEPTED_FOR.name: typed[ACCEPTED_FOR.name] or None,
        SINGLE_USE.name: bool(typed[SINGLE_USE.name]),
    }
    return parse_body(request, IdentityRulesBody, values, RULES)


def misplaced_rules(request: ConsoleRequest, typed: Mapping[str, str]) -> Errors:
    """Return the errors of rules that are stated although the tokens are of another kind."""
    if typed[IDENTITIES.name]:
        return {}
    stated = (each for each in (EMAIL_DOMAINS, CREATE_USERS, SINGLE_USE) if typed[each.name])
    return {each.name: request.text(ONLY_IDENTITIES) for each in stated}


def facts_of_rules(request: ConsoleRequest, rules: IdentityRules) -> Sequence[Fact]:
    text = request.text
    return [
        Fact(
            text(EMAIL_DOMAINS.label),
            Cell(", ".join(rules.email_domains), words=text("None")),
        ),
        *(
            Fact(text(each.label), Cell(words=text("Yes") if is_on else text("No")))
            for each, is_on in (
                (CREATE_USERS, rules.creates_users),
                (SINGLE_USE, rules.is_single_use),
            )
        ),
        Fact(text(ACCEPTED_FOR.label), Cell(str(rules.accepted_for))),
    ]
