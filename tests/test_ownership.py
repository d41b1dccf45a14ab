"""Whose file it is: the lists of copier.yml, and what the READMEs say of them."""

import re
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from eventsmith.ownership import Kind, Ownership
from eventsmith.rendering import Answers
from eventsmith.service import Part
from eventsmith.snapshot import Snapshot, take
from eventsmith.source import find
from eventsmith.versions import versions
from growing import Template, real_template
