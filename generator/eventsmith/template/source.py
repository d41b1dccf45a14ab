"""Where the template comes from: for a new service, and for one that records where it came from."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from eventsmith import environment, git
from eventsmith.template import bundle, refs
from eventsmith.template.checkout import is_checkout, own_checkout
from eventsmith.errors import EventsmithError

_UNVERSIONED = "the service records no version of its template"


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
        return bundle.shown() if self.bundled else refs.without_password(self.location)

    def at(self, ref: str) -> "Source":
        """Return the same template at another tag, branch or commit; see `has`."""
        remark = _remark(Path(self.location)) if ref == "HEAD" else None
        return replace(self, ref=ref, remark=remark, missing=None)

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Let Copier and git read the location meanwhile; they ask nobody for anything."""
        instead = bundle.read_in_place_of(self.location) if self.bundled else nullcontext()
        with instead, environment.given(environment.UNASKED):
            yield


def find(template: str | None) -> Source:
    """Return the template named by the user, or else the one this command belongs to."""
    source = _own() if template is None else _named(template)
    return source.at("HEAD") if source.ref == "HEAD" else source


def recorded(answers: Mapping[str, object], template: str | None) -> Source:
    """Return the template at the version that `answers` record; `template` names another place.

    Where that version cannot be had, `missing` says why, and the template is as it stands.
    """
    git.require()
    place, commit = (str(answers.get(key) or "") for key in ("_src_path", "_commit"))
    problems: list[str] = []
    for source in _candidates(place, template):
        try:
            found = _finds(source, commit)
        except refs.UnreadableError as error:
            problems.append(error.problem)
            continue
        if found:
            remark = f"{problems[0]}: {commit} is read from {source.shown}" if problems else None
            return replace(source.at(commit), remark=remark)
        lack = f"{source.shown} has no version {commit}" if commit else _UNVERSIONED
        return _as_it_stands(source, [*problems, lack])
    if source.questions:
        return _as_it_stands(source, problems)
    raise refs.UnreadableError(problems[0])


def has(source: Source, ref: str) -> bool:
    """Tell whether `ref` is a tag, a branch or a commit of the template; or raise, unreadable."""
    with source.reachable():
        return refs.has(source.location, ref)


def newest(source: Source) -> str:
    """Return where an update leads: HEAD, or the newest release of a template at an address."""
    if source.bundled or source.questions:
        return "HEAD"
    with source.reachable():
        return refs.newest_release(source.location) or "HEAD"


def _candidates(place: str, template: str | None) -> Iterator[Source]:
    """Return where the recorded version may be: what cannot be read may be in our own template."""
    if template is not None:
        yield _named(template)
    elif place and not bundle.is_own(place):
        yield _named(place)
        yield _own()
    else:
        own = _own()
        yield replace(own, location=place) if own.bundled and place else own


def _finds(source: Source, commit: str) -> bool:
    """Tell whether the source has `commit`; raise when it cannot be read at all."""
    if commit:
        return has(source, commit)
    if source.questions is None:
        with source.reachable():
            refs.names(source.location)
    return False


def _as_it_stands(source: Source, problems: list[str]) -> Source:
    missing = ", and ".join(problems)
    remark = f"{missing}: {source.shown} is used as it stands"
    return replace(source, missing=missing, remark=remark)


def _own() -> Source:
    if checkout := own_checkout():
        return Source(str(checkout), ref="HEAD")
    if bundle.exists():
        return Source(bundle.address(), ref="HEAD", bundled=True)
    raise EventsmithError("this installation carries no template; name one with --template")


def _named(template: str) -> Source:
    path = Path(template).expanduser()
    if is_checkout(path):
        # The work tree as it stands: its last release may be far behind what is seen.
        return Source(str(path.resolve()), ref="HEAD")
    # A service records where it came from, and a relative path means nothing from elsewhere.
    return Source(str(path.resolve()) if path.exists() else template, ref=None)


def _remark(path: Path) -> str | None:
    if not is_checkout(path) or (state := git.describe_state(path)) is None:
        return None
    return (
        f"the template in {path} {state}: it is used as it stands, "
        "and the service records no version that an update could start from"
    )
