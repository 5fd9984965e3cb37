"""Seals everything anew under today's SECRET_KEY, while servers go on to use it.

What is sealed is opened by every key that is listed, so nobody notices. A value that somebody
changed meanwhile is left as it is. Killed half-way, it is simply done again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import PosternError
from app.repositories.sealed_values import SealedValue, SealedValueRepository
from app.security.encryption import SealError, SecretBox
from app.services.audit import AuditLog
from app.services.secret_key_check import SecretKeyCheck

BATCH = 100
NAMED_AT_MOST = 20


class UnopenableError(PosternError):
    """Some values are sealed under a key that is not listed, or were damaged."""

    title = "Sealed under a key that is not listed"


@dataclass(slots=True)
class Rewrapped:
    """How many values of a kind were sealed anew, were so already, changed meanwhile; and the
    owners of those that no listed key opens."""

    resealed: int = 0
    current: int = 0
    changed: int = 0
    unopenable: list[str] = field(default_factory=list)


class Rewrapping:
    """`boxes` are those of all kinds of sealed values, by the names of the repository."""

    def __init__(
        self,
        values: SealedValueRepository,
        boxes: Mapping[str, SecretBox],
        key_check: SecretKeyCheck,
        audit: AuditLog,
    ) -> None:
        self._values = values
        self._boxes = boxes
        self._key_check = key_check
        self._audit = audit

    async def run(self, *, only_looks: bool = False) -> dict[str, Rewrapped]:
        """Gives what was done with each kind, or would be."""
        done = {
            kind: await self._run_kind(kind, box, only_looks=only_looks)
            for kind, box in self._boxes.items()
        }
        if not only_looks:
            await self._key_check.move()
            await self._audit.record(
                "keys.rewrapped",
                succeeded=not any(each.unopenable for each in done.values()),
                resealed=sum(each.resealed for each in done.values()),
                unopenable=sum(len(each.unopenable) for each in done.values()),
            )
        return done

    async def _run_kind(self, kind: str, box: SecretBox, *, only_looks: bool) -> Rewrapped:
        done = Rewrapped()
        after = ""
        while page := await self._values.list_page(kind, after=after, limit=BATCH):
            old = [
                (each, value) for each in page if (value := _opened(each, box, done)) is not None
            ]
            done.current += len(page) - len(old)
            if only_looks:
                done.resealed += len(old)
            elif old:
                replaced = await self._values.replace(
                    kind, [(each, box.seal(value, context=each.owner)) for each, value in old]
                )
                done.resealed += replaced
                done.changed += len(old) - replaced
            after = page[-1].owner
        done.current -= len(done.unopenable)
        return done


def check_all_opened(done: Mapping[str, Rewrapped]) -> None:
    """Raises `UnopenableError`, which names the owners of what could not be opened."""
    left = [
        f"{kind} of {_listed(each.unopenable)}" for kind, each in done.items() if each.unopenable
    ]
    if left:
        raise UnopenableError(f"Under none of the listed keys: {'; '.join(left)}.")


def _opened(each: SealedValue, box: SecretBox, done: Rewrapped) -> bytes | None:
    """What has to be sealed anew; None where that was done, and where it cannot be."""
    try:
        value = box.open(each.sealed, context=each.owner)
    except SealError:
        done.unopenable.append(each.owner)
        return None
    return None if box.is_current(each.sealed) else value


def _listed(owners: list[str]) -> str:
    named = ", ".join(owners[:NAMED_AT_MOST])
    further = len(owners) - NAMED_AT_MOST
    return f"{named} and {further} more" if further > 0 else named
