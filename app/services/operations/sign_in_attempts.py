"""The names under which attempts to sign in to an account are counted.

An attempt from a known network or in a trusted browser is counted in that place; others are counted
together, with a back-off for each network.
"""

from collections.abc import Collection, Iterable, Sequence

from app.models.accounts.users import User
from app.security import usernames
from app.security.limit_rules import Attempt, Rule
from app.services.operations.limit_policy import Rules

Attempts = Sequence[Attempt]


def place_of_network(network: str) -> str:
    return f"from {network}"


def place_of_browser(browser: str) -> str:
    return f"in {browser}"


def in_place(rules: Iterable[Rule], account: str, place: str) -> list[Attempt]:
    """Return the attempts from a known network or in a trusted browser."""
    return [Attempt(rule, f"{account} {place}") for rule in rules]


def elsewhere(rules: Iterable[Rule], account: str, *, owner: str, network: str) -> list[Attempt]:
    """Return the attempts from other networks; `network` has a back-off of its own."""
    backoff_key = f"{owner} {place_of_network(network)}"
    return [Attempt(rule, account, backoff_key=backoff_key) for rule in rules]


def after_password(user: User) -> str:
    """Return the account of codes that are given after a correct first factor."""
    return f"with password {user.user_id}"


def attempts_at(
    user: User, rules: Rules, *, networks: Collection[str], browsers: Collection[str]
) -> Attempts:
    """Return all attempts to sign in to an account from these networks and in these browsers."""
    email = user.standard_claims.email
    names = [user.username] if email is None else [user.username, email]
    guesses = [rules.login, rules.login_day, rules.login_with_code, rules.code]
    accounts = [(name, name, guesses) for name in map(usernames.account_of, names)]
    accounts.append((after_password(user), user.user_id, [rules.code]))
    places = [*map(place_of_network, networks), *map(place_of_browser, browsers)]
    attempts = [Attempt(rule, user.user_id) for rule in rules.shared]
    for account, owner, guessed in accounts:
        for place in places:
            attempts += in_place(guessed, account, place)
        for network in networks:
            attempts += elsewhere(guessed, account, owner=owner, network=network)
    return attempts
