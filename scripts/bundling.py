"""Makes the template.bundle of wheel and sdist: the template of every release, as a git history.

The history is synthetic: one commit for each tag, with nothing in it but the template and the suite
that proves the services made from it, and the same bytes from the same tags. Services record the
tag, so the project's own repository can take the bundle's place at any time.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.version import InvalidVersion, Version

NAME = "template.bundle"
SUITE = PurePosixPath("tests/chassis")


class BundleHook(BuildHookInterface[BuilderConfig]):
    """Adds the bundle to what hatchling builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add it, unless the installation will read the checkout itself."""
        if version == "editable":
            return
        root = Path(self.root)
        bundle = root / NAME  # what an sdist brings
        if (root / ".git").exists():
            bundle = root / "build" / NAME
            try:
                write(bundle, root, self.metadata.version)
            except (OSError, ValueError) as error:
                self.app.abort(f"{NAME} cannot be made: {error}")
        elif not bundle.is_file():
            self.app.abort(
                f"no git history and no {NAME} in {root}; build from a clone or an sdist"
            )
        folder = "eventsmith/" if self.target_name == "wheel" else ""
        build_data["force_include"][str(bundle)] = folder + NAME


def write(bundle: Path, root: Path, version: str) -> None:
    """Write the bundle of the releases up to `version`, the last of them as its HEAD."""
    with TemporaryDirectory(prefix="eventsmith-") as objects:
        repository = Repository(root, Path(objects))
        commits: dict[str, str] = {}
        for name, revision in releases(repository, version):
            commits[name] = repository.commit(name, revision, [*commits.values()][-1:])
        head = commits[name]
        refs = {"HEAD": head, "refs/heads/main": head}
        refs |= {f"refs/tags/{name}": commit for name, commit in commits.items()}
        lines = "".join(f"{commit} {ref}\n" for ref, commit in refs.items())
        bundle.parent.mkdir(exist_ok=True)
        bundle.write_bytes(f"# v2 git bundle\n{lines}\n".encode() + repository.pack(head))


def releases(repository: "Repository", version: str) -> list[tuple[str, str]]:
    """Return what to bundle, oldest first: the names, and the revisions that they stand for.

    `version` is what its tag holds. Without that tag, HEAD has its name; where HEAD has moved on
    from that tag, it is added as git describes it, for a released version never changes.
    """
    tags = repository.tags(Version(version))
    released = [(tag, tag) for tag in tags if repository.template(tag)]
    head = repository.template("HEAD")
    if not head:
        raise ValueError("HEAD holds no template")
    own = f"v{version}"
    if own not in tags:
        return [*released, (own, "HEAD")]
    if repository.template(own) != head:
        return [
            *released,
            (repository.git("describe", "--tags", "--always", "--abbrev=12"), "HEAD"),
        ]
    return released


class Repository:
    """The checkout's history; what is made from it goes into a folder of its own."""

    def __init__(self, root: Path, objects: Path) -> None:
        self._root = root
        self._environment = os.environ | {"LC_ALL": "C"}
        theirs = self.git("rev-parse", "--path-format=absolute", "--git-path", "objects")
        self._environment |= {
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": theirs,
        }

    def git(self, *arguments: str, stdin: str = "", **environment: str) -> str:
        """Run git and return what it says."""
        return self._run(arguments, stdin, environment).decode().strip()

    def tags(self, newest: Version) -> list[str]:
        """Return the tags that are versions, in the order of versions."""
        found = []
        for tag in self.git("for-each-ref", "--format=%(refname:strip=2)", "refs/tags/v*").split():
            try:
                found.append((Version(tag), tag))
            except InvalidVersion:
                continue
        return [tag for version, tag in sorted(found) if version <= newest]

    def template(self, revision: str) -> str:
        """Return what to bundle of `revision`, as a tree is listed; empty without a template."""
        listing = self.git("ls-tree", "--full-tree", revision, "copier.yml", "template")
        if listing.count("\n") != 1:
            return ""
        suite = self.git("ls-tree", "--full-tree", revision, str(SUITE))
        return f"{listing}\n{self._within(suite)}" if suite else listing

    def _within(self, listing: str) -> str:
        """Return the listing of the folder that has nothing in it but what is listed."""
        about, _, path = listing.partition("\t")
        tree = self.git("mktree", stdin=f"{about}\t{PurePosixPath(path).name}\n")
        return f"040000 tree {tree}\t{PurePosixPath(path).parent}"

    def commit(self, name: str, revision: str, parents: list[str]) -> str:
        """Make the commit of a release and return its hash."""
        tree = self.git("mktree", stdin=self.template(revision))
        date = self.git("log", "-1", "--no-show-signature", "--format=@%ct +0000", revision)
        who = {"NAME": "eventsmith", "EMAIL": "eventsmith", "DATE": date}
        both = {f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who}
        before = [part for parent in parents for part in ("-p", parent)]
        return self.git("commit-tree", tree, *before, "-m", name, **both)

    def pack(self, commit: str) -> bytes:
        """Return a pack of the commit and all before it, whatever the checkout's own look like."""
        afresh = ["--no-reuse-delta", "--no-reuse-object", "--threads=1", "--compression=9"]
        shape = ["--window=10", "--depth=50", "--delta-base-offset"]
        return self._run(["pack-objects", "--revs", "--stdout", "-q", *afresh, *shape], commit, {})

    def _run(self, arguments: Sequence[str], stdin: str, environment: dict[str, str]) -> bytes:
        own = ["--git-dir", str(self._root / ".git"), "-c", "i18n.commitEncoding=UTF-8"]
        done = subprocess.run(
            ["git", *own, *arguments],
            cwd=self._root,
            env=self._environment | environment,
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise ValueError(done.stderr.decode(errors="replace").strip())
        return done.stdout
