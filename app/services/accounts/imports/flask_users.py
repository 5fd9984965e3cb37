"""Users of the original Flask server, as candidates of an import."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from app.outbound.flask_file import FlaskFile, FlaskUser
from app.security import usernames
from app.services.accounts.imports.candidates import Candidate, candidate_of, shown


def flask_candidates(file: FlaskFile) -> Iterator[Candidate]:
    """Yield the users of a file; those whose usernames differ in case only have a problem each."""
    names = _ambiguous_names(file)
    for user in file.users():
        candidate = _candidate_of(user)
        key = _key_of(user.username)
        if key in names:
            others = ", ".join(shown(name) for name in names[key] if name != user.username)
            problem = f"username: is the same as {others}: case and width do not matter here"
            candidate = Candidate(candidate.place, None, None, (*candidate.problems, problem))
        yield candidate


def _candidate_of(user: FlaskUser) -> Candidate:
    place = f"user {shown(str(user.row_id))} ({shown(str(user.username))})"
    if not user.password:
        return Candidate(place, None, None, ("password: is missing",))
    return candidate_of(
        place,
        {
            "username": user.username,
            "password_hash": user.password,
            "otp_secret": user.otp_secret,
            "otp_confirmed": bool(user.otp_verified),
        },
    )


def _ambiguous_names(file: FlaskFile) -> dict[str, list[str]]:
    """Return the usernames that are the same here, by their key."""
    names: dict[str, list[str]] = defaultdict(list)
    for user in file.users():
        key = _key_of(user.username)
        if key is not None:
            names[key].append(user.username)
    return {key: same for key, same in names.items() if len(same) > 1}


def _key_of(username: Any) -> str | None:
    return usernames.key_or_none(username) if isinstance(username, str) else None
