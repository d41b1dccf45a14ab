"""From which versions of the template an update leads, and to which."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventsmith import git
from eventsmith.errors import EventsmithError
from eventsmith.service import Part, Service
from eventsmith.template.source import Source, newest, recorded
from eventsmith.template.versions import Version, Versions


@dataclass(frozen=True, slots=True)
class Route:
    """Each part of a service with the version it is at, and the version that all of them go to."""

    starts: Sequence[tuple[Part, Version]]
    target: Version
    remark: str | None

    @property
    def ends(self) -> list[tuple[Part, Version]]:
        """Each part with the version that it goes to."""
        return [(part, self.target) for part, _ in self.starts]

    @property
    def is_done(self) -> bool:
        """Tell whether every part is there already."""
        return all(version.hash == self.target.hash for _, version in self.starts)


def starts(
    service: Service, held: Versions, template: str | None, base: str | None = None
) -> list[tuple[Part, Version]]:
    """Return the parts of `service` with the versions they record; `base` stands in for all.

    Raises EventsmithError where a version cannot be had.
    """
    found = []
    sources: dict[tuple[str, str], Source] = {}  # most parts record the same
    for part in service.parts:
        place = str(part.answers.get("_src_path")), str(part.answers.get("_commit"))
        if place not in sources:
            sources[place] = recorded(part.answers, template)
        source = sources[place]
        if base is not None:
            source = source.at(base)
        elif source.missing:
            raise EventsmithError(
                f"{source.missing}, so nothing tells your edits from the template's text; say "
                "which version it was made from: eventsmith update --base REF"
            )
        found.append((part, held.of(source)))
    return found


def lead(
    service: Service, held: Versions, template: str | None, base: str | None, to: str | None
) -> Route:
    """Return the way to `to`, or to the newest version; raises EventsmithError if it leads back."""
    source = recorded(service.answers, template)
    begin = starts(service, held, template, base)
    source = source.at(to or newest(source))
    _refuse_uncommitted(source)
    target = held.of(source)
    current = begin[0][1]
    if held.leads_back(current, target):
        raise EventsmithError(
            f"{service.slug} is at {current.commit}, and {target.commit} is older; "
            "an update only leads forward"
        )
    return Route(begin, target, source.remark)


def _refuse_uncommitted(source: Source) -> None:
    """Refuse a checkout that is no version: the next update could not start from it."""
    place = Path(source.location)
    if source.ref == "HEAD" and place.is_dir() and (state := git.describe_state(place)):
        raise EventsmithError(
            f"the template in {place} {state}, so it is no version that a service could record; "
            "commit it there, or name a version with --to"
        )
