"""The only module that knows Copier: renders a template, and tells what went wrong in one line."""

import contextlib
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from eventsmith.template.compiling import each_text_once
from eventsmith.environment import given
from eventsmith.errors import EventsmithError
from eventsmith.naming import nearest
from eventsmith.process import telling_line
from eventsmith.service import ANSWERS
from eventsmith.template.source import Source
from eventsmith.template.versions import Version

_WRONG = re.compile(r"(?:Validation error|Invalid choice) for (?:question )?'(\w+)': (.+)")
_ORIGIN = re.compile(r"^_src_path:.*\n(?:[ ].*\n)*", re.MULTILINE)
_MISSING = re.compile(r'Question "(\w+)" is required')


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers a render starts from; `ask` prompts for what `given` leaves open.

    `file` is where they are kept, relative to the service; `spelling` says how a question is
    answered on the command line, where that is not `-d QUESTION=…`.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    ask: bool = False
    file: str = ANSWERS
    spelling: Mapping[str, str] = field(default_factory=dict)


def render(source: Source, folder: Path, answers: Answers) -> Mapping[str, Any]:
    """Render `source` into the empty `folder` and return every answer."""
    with _in_plain_words(source.shown, answers):
        if source.questions is not None:
            _refuse_unknown(answers.given, yaml.safe_load(source.questions.read_text("utf-8")))
        return _run_copier(source.location, source.ref, folder, answers, source.reachable())


def render_version(version: Version, folder: Path, answers: Answers) -> Mapping[str, Any]:
    """Do the same from files that are at hand already, many times as fast."""
    gitless = given({"PATH": ""})  # else Copier asks git about every file that it writes
    with _in_plain_words(version.shown, answers), each_text_once():
        every = _run_copier(str(version.folder), None, folder, answers, gitless)
    file = folder / answers.file
    origin = {"_commit": version.commit, "_src_path": version.location}
    lines = yaml.dump(origin, allow_unicode=True, default_flow_style=False)
    text = _ORIGIN.sub(lambda _: lines, file.read_text("utf-8"), count=1)
    file.write_text(text, "utf-8", newline="\n")
    return {**every, **origin}


@cache
def questions(version: Version) -> frozenset[str]:
    """Return the names of what can be answered."""
    found = yaml.safe_load((version.folder / "copier.yml").read_text("utf-8"))
    return frozenset(key for key, details in found.items() if _is_question(key, details))


def _run_copier(
    template: str,
    ref: str | None,
    folder: Path,
    answers: Answers,
    meanwhile: AbstractContextManager[None],
) -> Mapping[str, Any]:
    from copier import run_copy  # noqa: PLC0415 - slow; a refusal need not wait for it

    with meanwhile:
        worker = run_copy(
            template,
            folder,
            data=dict(answers.given),
            user_defaults=dict(answers.defaults),
            answers_file=answers.file,
            vcs_ref=ref,
            defaults=not answers.ask,
            quiet=True,
        )
    _refuse_unknown(answers.given, worker.template.questions_data)
    return worker.answers.combined


def _refuse_unknown(given: Mapping[str, Any], questions: Mapping[str, Any]) -> None:
    """Refuse keys that Copier would ignore without a word, or that are computed."""
    known = [key for key, details in questions.items() if _is_question(key, details)]
    for key in given:
        if key not in known:
            guess = nearest(key, known)
            advice = f"did you mean '{guess}'?" if guess else f"known are {', '.join(known)}"
            raise EventsmithError(f"unknown option '{key}'; {advice}")


def _is_question(key: str, details: object) -> bool:
    computed = isinstance(details, dict) and details.get("when") is False
    return not (key.startswith("_") or computed)


@contextlib.contextmanager
def _in_plain_words(place: str, answers: Answers) -> Iterator[None]:
    with _translated_errors(place, answers.spelling), _quiet(keep_prompts=answers.ask):
        yield


@contextlib.contextmanager
def _translated_errors(place: str, spelling: Mapping[str, str]) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:  # Copier's own is an Exception as well
        raise KeyboardInterrupt from None
    except EventsmithError:
        raise
    except Exception as error:
        raise EventsmithError(_one_line(error, place, spelling)) from error


def _one_line(error: Exception, place: str, spelling: Mapping[str, str]) -> str:
    """Return the reason in `error`; what a failed program printed says more than its exit code."""
    text = telling_line(str(getattr(error, "stderr", "") or "")) or " ".join(str(error).split())
    if match := _WRONG.match(text):
        if match[1] in spelling:
            return f"{spelling[match[1]]}: {match[2]}"
        return f"{match[1]}: {match[2]}; choose another with -d {match[1]}=…"
    if match := _MISSING.match(text):
        return f"{match[1]}: there is no answer; give one with -d {match[1]}=…"
    return f"{place} cannot be rendered: {text or type(error).__name__}; see --template"


@contextlib.contextmanager
def _quiet(*, keep_prompts: bool) -> Iterator[None]:
    """Keep Copier's remarks to itself: what matters in them, eventsmith says in its own words."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        if not keep_prompts:
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield
