"""The commands for dead letters, as a person or a script runs them."""

import asyncio
import json
import os
import pty
import signal
from pathlib import Path

import pytest

from ..letters import seed, states
from ..pipe import Pipe, eventually
from ..processes import COMMAND, Process, environment, output
from ..service import SERVICE


class Commands:
    """`dead-letters`, on the database of a test."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.settings = {"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0"}

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        return await output(self.folder, "dead-letters", *arguments, **self.settings)


@pytest.fixture
def dead_letters(tmp_path: Path, database_url: str) -> Commands:
    """Run `dead-letters` with these arguments: its exit code, and what it printed."""
    return Commands(tmp_path, database_url)


async def test_a_person_finds_reads_and_replays_what_died(
    pipe: Pipe, dead_letters: Commands
) -> None:
    await pipe.add(data=b"\xff", ce_type="shop.Paid.v1")
    async with pipe.consuming():
        await pipe.acknowledged(1)
    (letter,) = await pipe.dead()

    grouped, flat, shown, exported, dry = await asyncio.gather(
        dead_letters("list"),
        dead_letters("list", "--flat", "--json", "--since", "1h", "--type", "shop.Paid.v1"),
        dead_letters("show", str(letter.id)),
        dead_letters("export"),
        dead_letters("replay", "--all", "--dry-run"),
    )
    assert f"{letter.fingerprint}  1     0" in grouped[1]
    assert [letter.id] == [found["id"] for found in json.loads(flat[1])]
    assert "payload\n  \\xff\n" in shown[1]
    assert {"data": "base64:/w==", "ce_type": "shop.Paid.v1"} == json.loads(exported[1])["entry"]
    assert (0, "would be marked for replay: 1\n") == dry
    assert {"open": 1} == await states(pipe)

    marked = await dead_letters("replay", "--group", letter.fingerprint)
    assert (0, "marked for replay: 1\n") == marked
    assert await pipe.replays().replay_next()
    (again,) = await pipe.dead()
    assert ("open", 1) == (again.state, again.replays)


async def test_finding_nothing_is_no_error(dead_letters: Commands) -> None:
    answers = await asyncio.gather(
        dead_letters("list", "--json"), dead_letters("export"), dead_letters("replay", "--all")
    )

    assert [(0, "[]\n"), (0, ""), (0, "marked for replay: 0\n")] == list(answers)


async def test_a_list_that_is_cut_says_so(pipe: Pipe, dead_letters: Commands) -> None:
    letters = await seed(pipe, 3)

    code, printed = await dead_letters("list", "--flat", "--limit", "2", "--json")

    listed, _, note = printed.partition("]\n")
    assert letters[:2] == [letter["id"] for letter in json.loads(listed + "]")]
    assert (0, "more than 2 found; --limit shows more\n") == (code, note)


async def test_what_this_code_cannot_replay_is_refused_and_named(
    pipe: Pipe, dead_letters: Commands
) -> None:
    (gone,) = await seed(pipe, handler="gone", event_type="shop.Paid.v1")
    await seed(pipe)

    named = "this code has no handler 'gone' of shop.Paid.v1 (1)\n"
    by_number = await dead_letters("replay", str(gone))
    assert (1, f"error: nothing was marked: {named}") == by_number
    assert {"open": 2} == await states(pipe)

    code, printed = await dead_letters("replay", "--all")
    assert (1, {"marked for replay: 1\n", f"error: some were skipped: {named}"}) == (
        code,
        set(printed.splitlines(keepends=True)),
    )
    assert {"open": 1, "replay": 1} == await states(pipe)


async def test_numbers_and_groups_that_are_not_open_are_named(
    pipe: Pipe, dead_letters: Commands
) -> None:
    marked, opened = await seed(pipe, 2)
    await pipe.rows("UPDATE dead_letters SET state = 'replay' WHERE id = :id", id=marked)

    replayed = await dead_letters("replay", str(opened), str(marked), "99")
    discarded, unknown = await asyncio.gather(
        dead_letters("discard", str(marked), "--yes"), dead_letters("replay", "--group", "f9")
    )

    assert (1, True) == (
        replayed[0],
        f"skipped, for they are not open: {marked}, 99\n" in replayed[1],
    )
    assert (0, "discarded: 1\n") == discarded
    assert (1, True) == (unknown[0], "error: group f9 has no open dead letter\n" in unknown[1])


async def test_discarding_is_refused_where_nobody_can_be_asked(
    pipe: Pipe, dead_letters: Commands
) -> None:
    await seed(pipe, 2)

    refused = await dead_letters("discard", "--all")
    assert (1, "error: there is no terminal to confirm on; --yes discards all 2\n") == refused
    assert {"open": 2} == await states(pipe)

    assert (0, "discarded: 2\n") == await dead_letters("discard", "--all", "--yes")
    assert {"discarded": 2} == await states(pipe)


@pytest.mark.parametrize(("answer", "left"), [("n", {"open": 2}), ("y", {"discarded": 2})])
async def test_a_person_is_asked_before_anything_is_discarded(
    pipe: Pipe, dead_letters: Commands, answer: str, left: dict[str, int]
) -> None:
    await seed(pipe, 2)
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())

    asked = await asyncio.create_subprocess_exec(
        *(*COMMAND, "dead-letters", "discard", "--all"),
        stdin=terminal,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**dead_letters.settings),
        cwd=dead_letters.folder,
    )
    _, question = await asked.communicate()
    os.close(keyboard)
    os.close(terminal)

    assert b"Discard 2 dead letters?" in question
    assert (answer == "n") == asked.returncode
    assert left == await states(pipe)


async def test_a_rate_is_kept_and_ctrl_c_prints_what_was_marked(
    pipe: Pipe, dead_letters: Commands
) -> None:
    await seed(pipe, 1_000)
    arguments = ("dead-letters", "replay", "--all", "--rate", "20")
    process = await Process.start(*arguments, cwd=dead_letters.folder, **dead_letters.settings)

    async def marking() -> bool:
        return (await states(pipe)).get("replay", 0) > 20

    await eventually(marking)
    await asyncio.sleep(0.5)  # without a rate, all are marked by now
    process.send(signal.SIGINT)

    assert await process.ended(seconds=10) == 1
    marked = (await states(pipe))["replay"]
    assert marked < 200
    assert {
        f"marked for replay: {marked}\n",
        f"error: interrupted; not marked for replay: {1_000 - marked}\n",
    } == set(process.output)


async def test_there_is_one_line_where_the_database_is_not_migrated(
    pipe: Pipe, dead_letters: Commands
) -> None:
    await pipe.rows("DROP TABLE dead_letters")

    told = (1, f"error: the database is not migrated; run: {SERVICE} migrate\n")
    assert told == await dead_letters("list")
