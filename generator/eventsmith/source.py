"""Where the template comes from: for a new service, and for one that records where it came from."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from eventsmith import bundle, git, refs
from eventsmith.errors import EventsmithError

_CHECKOUT = Path(__file__).resolve().parents[2]
_UNASKED = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never"}


@dataclass(frozen=True, slots=True)
class Source:
    """A template: what Copier reads and records, and what the user should know about it."""

    location: str
    ref: str | None  # None: the newest release
    remark: str | None = None
    missing: str | None = None  # why the version that a service records cannot be had
    bundled: bool = False  # the location is the project's address, and the wheel's bundle is read

    @property
    def questions(self) -> Path | None:
        """The file with the questions, where the template can be read in place."""
        file = Path(self.location, "copier.yml")
        return file if file.is_file() else None

    @property
    def shown(self) -> str:
        """The location as messages name it."""
        return "eventsmith's own template" if self.bundled else refs.without_password(self.location)

    def at(self, ref: str) -> "Source":
        """Return the same template at another tag, branch or commit; see `has`."""
        remark = _remark(Path(self.location)) if ref == "HEAD" else None
        return replace(self, ref=ref, remark=remark, missing=None)

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Let Copier and git read the location meanwhile; they ask nobody for anything."""
        with ExitStack() as stack:
            extra = stack.enter_context(bundle.in_place_of_address()) if self.bundled else {}
            stack.enter_context(_environment(_UNASKED | extra))
            yield


def find(template: str | None) -> Source:
    """Return the template named by the user, or else the one this command belongs to."""
    if template is not None:
        return _named(template)
    if _is_checkout(_CHECKOUT):
        return _checkout(_CHECKOUT)
    if bundle.exists():
        return Source(bundle.address(), ref="HEAD", bundled=True)
    raise EventsmithError("this installation carries no template; name one with --template")


def recorded(answers: Mapping[str, object], template: str | None) -> Source:
    """Return the template at the version that `answers` record; `template` names another place.

    Where that version cannot be had, `missing` says why, and the template is as it stands.
    """
    place, commit = (str(answers.get(key) or "") for key in ("_src_path", "_commit"))
    if template is not None:
        return _pinned(_named(template), commit)
    if not place or bundle.is_own(place):
        return _pinned(find(None), commit)
    if (problem := _problem(place, commit)) is None:
        return _pinned(_named(place), commit)
    own = _pinned(find(None), commit)
    where = f"{refs.without_password(place)} {problem}"
    if own.missing:
        return _as_it_stands(own, f"{where}, and {own.missing}")
    return replace(own, remark=f"{where}: {commit} is read from {own.shown}")


def has(source: Source, ref: str) -> bool:
    """Tell whether `ref` is a tag, a branch or a commit of the template."""
    with source.reachable():
        return refs.has(source.location, ref)


def newest(source: Source) -> str:
    """Return where an update leads: HEAD, or the newest release of a template at an address."""
    if source.bundled or Path(source.location).is_dir():
        return "HEAD"
    with source.reachable():
        return refs.newest_release(source.location) or "HEAD"


def _pinned(source: Source, commit: str) -> Source:
    """Return the source at `commit`; where it has none, as it stands."""
    if not commit:
        return _as_it_stands(source, "the service records no version of its template")
    if not has(source, commit):
        return _as_it_stands(source, f"{source.shown} has no version {commit}")
    return source.at(commit)


def _as_it_stands(source: Source, missing: str) -> Source:
    remark = f"{missing}: {source.shown} is used as it stands"
    return replace(source, remark=remark, missing=missing)


def _problem(place: str, commit: str) -> str | None:
    """Say why the recorded place cannot be read, if it cannot."""
    source = _named(place)
    path = Path(place).expanduser()
    if not refs.is_address(place) and not path.is_absolute():
        return "is a path from a folder that is not recorded"
    if _is_checkout(path) and not commit:
        return None  # a folder without a history serves as it stands
    with source.reachable():
        reason = refs.unreadable(source.location)
    return reason and f"cannot be read ({reason})"


def _named(template: str) -> Source:
    path = Path(template).expanduser()
    if _is_checkout(path):
        return _checkout(path.resolve())
    # A service records where it came from, and a relative path means nothing from elsewhere.
    return Source(str(path.resolve()) if path.exists() else template, ref=None)


def _is_checkout(path: Path) -> bool:
    return (path / "copier.yml").is_file() and (path / "template").is_dir()


def _checkout(path: Path) -> Source:
    """Return the work tree as it stands: its last release may be far behind what is seen."""
    return Source(str(path), ref="HEAD", remark=_remark(path))


def _remark(path: Path) -> str | None:
    if not _is_checkout(path) or (state := git.describe_state(path)) is None:
        return None
    return (
        f"the template in {path} {state}: it is used as it stands, "
        "and the service records no version that an update could start from"
    )


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for this process and for Copier, whose plumbum keeps a copy of its own."""
    from plumbum import local  # noqa: PLC0415 - slow

    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        with local.env(**values):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
