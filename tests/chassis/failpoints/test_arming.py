"""The list of crash windows: each line is still there, and each is struck by a test."""

from pathlib import Path

import pytest

from .arming import arm, find
from .windows import FAILPOINTS, Failpoint, after, before

CODE = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))


def test_every_crash_window_is_still_in_the_code() -> None:
    assert all(map(find, FAILPOINTS.values()))


def test_every_crash_window_has_its_test() -> None:
    assert [] == [name for name in FAILPOINTS if f'"{name}"' not in CODE]


@pytest.mark.parametrize(
    "lost",
    [
        before("messaging.gone:publish"),
        before("chassis.messaging.consuming.group:Gone.ack"),
        before("chassis.messaging.consuming.group:Group.gone"),
        after("chassis.messaging.publishing.notify:OutboxNotifier.notify"),
    ],
    ids=["module", "class", "function", "nothing to await"],
)
def test_a_failpoint_whose_line_is_gone_says_so(lost: Failpoint) -> None:
    with pytest.raises(LookupError, match=lost.seam):
        find(lost)


def test_a_failpoint_that_nobody_knows_is_not_armed() -> None:
    with pytest.raises(LookupError):
        arm("gone", lambda: None)
