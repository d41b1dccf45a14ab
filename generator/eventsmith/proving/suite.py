"""Where the suite of the chassis is: in this checkout, or in the version that a service records."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eventsmith.errors import EventsmithError
from eventsmith.service import Service
from eventsmith.template.checkout import own_checkout
from eventsmith.template.source import recorded
from eventsmith.template.versions import versions

_FOLDER = "tests/chassis"


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder with the suite, and the version that it belongs to."""

    folder: Path
    version: str


@contextmanager
def suite_of(service: Service) -> Iterator[Suite]:
    """Hold the suite to prove `service` by; raises EventsmithError where there is none.

    An installed command takes the one of the version that the service was made from. In a checkout
    it is the checkout's, so that the template's own changes can be proved.
    """
    if (checkout := own_checkout()) and (checkout / _FOLDER).is_dir():
        yield Suite(checkout / _FOLDER, "this checkout")
        return
    with versions() as held:
        source = recorded(service.answers, None)
        if source.missing:
            raise EventsmithError(f"{source.missing}, so there is no suite to prove it by")
        version = held.of(source)
        if not (version.folder / _FOLDER).is_dir():
            raise EventsmithError(
                f"{service.slug} is at {version.commit}, which has no suite of the chassis yet; "
                "run: eventsmith update"
            )
        yield Suite(version.folder / _FOLDER, version.commit)
