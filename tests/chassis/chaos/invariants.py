"""What must hold in the end, whatever was done: read from the databases alone."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from .records import Records

HANDLERS = {
    "stirred": ("chaos.note", "chaos.obey"),
    "gathered": ("chaos.gather",),
    "exploded": ("chaos.explode",),
    "widened": ("chaos.widen",),
}
DEADLY_MOODS = ("poison", "permanent")


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold, and for which event."""

    what: str
    event_id: UUID | None = None


async def violations(records: Records, accepted: Collection[UUID]) -> list[Violation]:
    """Everything that is wrong with the events."""
    posts = {row["event_id"]: row for row in await records.rows("SELECT * FROM chaos_posts")}
    effects = Counter(
        (row["handler"], row["event_id"])
        for row in await records.rows("SELECT * FROM chaos_effects")
    )
    letters = {
        (row["handler"], row["event_id"]): row
        for row in await records.rows("SELECT handler, event_id, state, reason FROM dead_letters")
    }
    inbox = {
        (row["handler"], row["event_id"]): row["state"]
        for row in await records.rows("SELECT handler, event_id, state FROM inbox")
    }
    return [
        *(Violation("answered with 201, not committed", e) for e in accepted if e not in posts),
        *(Violation("an effect without a post", e) for _, e in effects if e not in posts),
        *_decisions(posts.values(), effects, letters, inbox),
        *_disorder(posts, records.chapters),
    ]


def dies(handler: str, post: Mapping[str, Any]) -> bool:
    """Whether this handler has to fail on the event for ever."""
    return handler == "chaos.explode" or (handler == "chaos.obey" and post["mood"] in DEADLY_MOODS)


def _decisions(
    posts: Iterable[Mapping[str, Any]],
    effects: Mapping[tuple[str, UUID], int],
    letters: Mapping[tuple[str, UUID], Mapping[str, Any]],
    inbox: Mapping[tuple[str, UUID], str],
) -> Iterable[Violation]:
    """Exactly one effect, or exactly one open dead letter: which of them is known beforehand."""
    for post in posts:
        for handler in HANDLERS[post["kind"]]:
            key = (handler, post["event_id"])
            letter = letters.get(key)
            wanted = (0, "open", "dead") if dies(handler, post) else (1, None, "done")
            found = (effects.get(key, 0), letter and letter["state"], inbox.get(key))
            if found != wanted:
                yield Violation(
                    f"{handler} on {post['kind']}, {post['mood']}: effects, dead letter and inbox"
                    f" are {found}, not {wanted}",
                    post["event_id"],
                )


def _disorder(
    posts: Mapping[UUID, Mapping[str, Any]], chapters: Iterable[tuple[float, list[UUID]]]
) -> Iterable[Violation]:
    """First occurrences in the order of commits, for each aggregate. What a flush took comes back
    after it, behind what was published meanwhile, so it is left out."""
    for began, event_ids in chapters:
        last: dict[str, int] = defaultdict(int)
        for post in (posts[event_id] for event_id in event_ids if event_id in posts):
            if post["begun"] <= began:
                continue
            if post["version"] < last[post["aggregate"]]:
                yield Violation(
                    f"published after version {last[post['aggregate']]}", post["event_id"]
                )
            last[post["aggregate"]] = max(last[post["aggregate"]], post["version"])


async def consumers_left(records: Records, stopped: Collection[int]) -> list[Violation]:
    """Who stopped in order left the group; who was killed holds nothing in it."""
    found = []
    held = await records.pending()
    for name in await records.consumers():
        if held[name]:
            what = f"{name} still holds an entry"
            found += [Violation(what, event_id) for event_id in held[name]]
        elif name != "~parked" and int(name.split(":")[-2]) in stopped:
            found.append(Violation(f"{name} stopped in order, but is still in the group"))
    return found
