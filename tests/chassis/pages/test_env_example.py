""".env.example has every setting of the chassis."""

import re
from pathlib import Path

from orders.chassis.settings import Settings

ROOT = Path.cwd()


def test_every_setting_is_in_the_example_file() -> None:
    names = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert {name.upper() for name in Settings.model_fields} <= set(names)
