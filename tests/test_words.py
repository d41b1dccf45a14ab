"""Plain words: the field's own, which a reader can search for, and none of a private language."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, git

# Each with what to say in its place.
BANNED = {
    r"poke[ds]?|poking|pokers?": "notify",
    r"suspects?": "poison, or an orphan that was delivered twice",
    r"bury|bur(?:ies|ied)": "store a dead letter",
    r"reviv(?:e[ds]?|ing)": "supersede a dead letter",
    r"excus(?:e[ds]?|ing)": "an uncounted retry",
    r"(?<!\")settl(?:e[ds]?|ing)": "acknowledge, or retry",  # "settle" is OpenTelemetry's value
    r"hand(?:s|ed|ing)? (?:it |them )?back": "release",
    r"(?:tells?|told|telling) of": "report, log, say",
    r"what waits": "pending, unpublished",
    r"(?:consumers? that|who) (?:is|are) gone|absence": "idle",
    r"which had with it": "caused by",
    r"(?:does|do) not add up": "audit failed",
    r"as agreed": "matches its contract",
    r"newer code": "handled types, a rolling deploy",
    r"paces?": "rate",
}
PATTERNS = {
    re.compile(rf"\b(?:{words})\b".replace(" ", r"\s+")): say for words, say in BANNED.items()
}
# They name what was there before, or what a service may not be called.
EXCEPT = {
    *("CHANGELOG.md", "template/moved.yml", "template/upgrades.yml", "template/taken_names.jinja"),
    *("tests/test_update_moved.py", "tests/test_words.py"),
}
PARTS = ("template", "generator", "benchmarks", "scripts", "tests", "docs", "*.md", "copier.yml")
TEXTS = {".css", ".html", ".jinja", ".js", ".lua", ".md", ".py", ".toml", ".txt", ".yaml", ".yml"}


def written() -> list[Path]:
    """Return the texts that people read or that programs say."""
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PARTS)
    kept = (ROOT / name for name in names.split("\0") if name and name not in EXCEPT)
    return [path for path in kept if path.suffix in TEXTS and path.is_file()]


def spelled_out(text: str) -> str:
    """Take apart names such as `SuspectGate` and `hand_back`, and lower every letter."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_-]", " ", text).lower()


def banned(text: str) -> Iterator[str]:
    """Yield each banned word with its line, counted from 0, and what to say in its place."""
    spelled = spelled_out(text)
    for pattern, say in PATTERNS.items():
        for match in pattern.finditer(spelled):
            line = spelled.count("\n", 0, match.start())
            yield f"{line}: {' '.join(match[0].split())!r}; say: {say}"


def test_no_text_speaks_a_private_language() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{problem}"
        for path in written()
        for problem in banned(f"{path.name}\n{path.read_text('utf-8')}")  # the name is line 0
    ]

    assert found == [], f"{len(found)} banned words:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text", ["class SuspectGate:", "hand_back()", "what it\nhands\n    back", "It tells of it."]
)
def test_a_banned_word_is_found_in_names_and_across_lines(text: str) -> None:
    assert len(list(banned(text))) == 1


@pytest.mark.parametrize("text", ["a namespace", "space", "settings", "unsuspecting"])
def test_a_word_is_banned_only_as_a_whole(text: str) -> None:
    assert list(banned(text)) == []
