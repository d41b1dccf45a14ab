"""Where the template comes from."""

from dataclasses import dataclass
from pathlib import Path

from eventsmith import git
from eventsmith.errors import EventsmithError

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Source:
    """A template: what Copier reads and records, and what the user should know about it."""

    location: str
    ref: str | None  # None: the newest release
    remark: str | None = None

    @property
    def questions(self) -> Path | None:
        """The file with the questions, where the template can be read in place."""
        file = Path(self.location, "copier.yml")
        return file if file.is_file() else None


def find(template: str | None) -> Source:
    """Return the template named by the user, or else the one this command belongs to."""
    if template is not None:
        return _named(template)
    if not _is_checkout(_CHECKOUT):
        raise EventsmithError("this installation carries no template; name one with --template")
    return _checkout(_CHECKOUT)


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
    state = git.describe_state(path)
    remark = state and (
        f"the template in {path} {state}: it is used as it stands, "
        "and the service records no version that an update could start from"
    )
    return Source(str(path), ref="HEAD", remark=remark)
