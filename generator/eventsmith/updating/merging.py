"""One three-way merge of file trees by git, in a scratch repository beside the user's."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eventsmith.errors import EventsmithError
from eventsmith.plumbing import Git

_WHO = {
    f"GIT_{role}_{key}": "eventsmith"
    for role in ("AUTHOR", "COMMITTER")
    for key in ("NAME", "EMAIL")
}
# A file that the user added stays where it is, though the template may rename its folder.
_MERGE = ("-c", "merge.renames=true", "-c", "merge.directoryRenames=false")
_OURS, _BASE, _RESULT = "yours", "base", "result"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as git keeps it."""

    mode: str
    hash: str


Tree = Mapping[str, Entry]
Stages = Mapping[int, Entry]  # of one file in conflict: 1 base, 2 ours, 3 theirs


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge comes to: the files, those in conflict with their markers in them."""

    tree: Tree
    hash: str
    conflicts: Mapping[str, Stages]
    removed: list[str]  # changed by the template, and deleted by the user before


class Merger:
    """Merges trees that may refer to whatever the user's repository holds."""

    def __init__(self, users: Git, scratch: Path) -> None:
        self._users = users
        scratch.mkdir()
        objects = users.folder / users.line("rev-parse", "--git-path", "objects")
        form = users.line("rev-parse", "--show-object-format")
        Git(scratch)("init", "--quiet", "--bare", "--template=", f"--object-format={form}")
        (scratch / "objects/info").mkdir(exist_ok=True)
        (scratch / "objects/info/alternates").write_bytes(os.fsencode(objects) + b"\n")
        self._git = Git(scratch, {"GIT_DIR": str(scratch)} | _WHO)

    def keep(self, files: Mapping[str, Path]) -> Tree:
        """Return a tree of files on disk."""
        given = b"".join(os.fsencode(file) + b"\n" for file in files.values())
        found = self._git("hash-object", "-w", "--no-filters", "--stdin-paths", given=given)
        return {
            path: Entry("100755" if file.stat().st_mode & 0o100 else "100644", blob)
            for (path, file), blob in zip(files.items(), found.decode().split(), strict=True)
        }

    def read(self, tree: str) -> dict[str, Entry]:
        """Return the files of a tree that git knows."""
        return _entries(self._git.names("ls-tree", "-r", "-z", "--full-tree", tree))

    def write(self, tree: Tree) -> str:
        """Return what git calls the tree."""
        lines = [f"{entry.mode} {entry.hash}\t{path}\0" for path, entry in tree.items()]
        file = self._git.folder / "index"
        file.unlink(missing_ok=True)
        index = self._git.having(GIT_INDEX_FILE=file)
        index("update-index", "-z", "--index-info", given=os.fsencode("".join(lines)))
        return index.line("write-tree")

    def merge(self, base: Tree, ours: Tree, theirs: Tree, label: str) -> Merge:
        """Merge; `label` is what conflict markers call their side."""
        origin = self._commit(base, _BASE)
        self._commit(ours, _OURS, origin)
        self._commit(theirs, label, origin)
        command = (*_MERGE, "merge-tree", "--write-tree", "-z", _OURS, label)
        done = self._git.attempt(*command)
        if done.returncode not in (0, 1):
            raise EventsmithError(f"git cannot merge: {done.stderr.decode(errors='replace')}")
        first, *lines = os.fsdecode(done.stdout).split("\0")
        conflicts: dict[str, dict[int, Entry]] = {}
        for line in lines[: lines.index("")] if "" in lines else ():
            about, path = line.split("\t", 1)
            mode, blob, stage = about.split(" ")
            conflicts.setdefault(path, {})[int(stage)] = Entry(mode, blob)
        return self._without_deleted(base, self.read(first), conflicts)

    def _without_deleted(
        self, base: Tree, tree: dict[str, Entry], conflicts: Mapping[str, Stages]
    ) -> Merge:
        """Let what the user has deleted stay deleted where it was; at a new path it is a new file.

        Other files of the template rely on what it has moved there.
        """
        deleted = {path: each for path, each in conflicts.items() if each.keys() == {1, 3}}
        removed = [path for path in deleted if path in base]
        moved = {path: each[3] for path, each in deleted.items() if path not in base}
        left = {path: entry for path, entry in tree.items() if path not in removed} | moved
        open_ones = {path: each for path, each in conflicts.items() if path not in deleted}
        self._commit(left, _RESULT)
        return Merge(left, self.write(left), open_ones, removed)

    def texts(self, tree: Tree) -> dict[str, bytes]:
        """Return the contents of files."""
        given = "".join(f"{entry.hash}\n" for entry in tree.values()).encode()
        rest, found = self._git("cat-file", "--batch", given=given), dict[str, bytes]()
        for path in tree:
            about, _, rest = rest.partition(b"\n")
            size = int(about.split()[2])
            found[path], rest = rest[:size], rest[size + 1 :]
        return found

    def diff(self, before: Tree, after: Tree) -> str:
        """Return the difference as `git diff` shows it."""
        trees = self.write(before), self.write(after)
        shown = self._git("diff-tree", "-r", "-p", "-M", "--no-ext-diff", *trees)
        return shown.decode("utf-8", "replace")

    def hand_over(self) -> None:
        """Give the user's repository every object that the merge has made."""
        known = b"^" + _OURS.encode() + b"\n"
        pack = self._git("pack-objects", "--revs", "--all", "--stdout", "-q", given=known)
        self._users("unpack-objects", "-q", given=pack)

    def _commit(self, tree: Tree, name: str, *parents: str) -> str:
        before = [part for parent in parents for part in ("-p", parent)]
        commit = self._git.line("commit-tree", self.write(tree), *before, "-m", name)
        self._git("update-ref", f"refs/heads/{name}", commit)
        return commit


def _entries(lines: list[str]) -> dict[str, Entry]:
    entries = {}
    for line in lines:
        about, path = line.split("\t", 1)
        mode, _, blob = about.split(" ")
        entries[path] = Entry(mode, blob)
    return entries
