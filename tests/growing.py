"""A small template with releases of its own, and a service of it that people have worked on."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from typer.testing import Result

from conftest import ROOT, git

COPIER_YML = """\
_subdirectory: "template/{{ kind }}"
_exclude: ["{% if _copier_operation == 'update' %}{{ yours | join('\\n') }}{% endif %}"]
kind: {type: str, choices: [service, event], default: service, ask: false}
project_name: {type: str, default: Shop, when: "{{ kind == 'service' }}"}
project_slug: {type: str, default: shop}
with_example: {type: bool, default: false, when: "{{ kind == 'service' }}"}
with_docs: {type: bool, default: true, when: "{{ kind == 'service' }}"}
event: {type: str, default: "", when: "{{ kind == 'event' }}"}
event_publisher: {type: str, default: shop, when: "{{ kind == 'event' }}"}
event_version: {type: int, default: 1, when: "{{ kind == 'event' }}"}
event_role: {type: str, default: both, when: "{{ kind == 'event' }}"}
event_stream: {type: str, default: shop, when: "{{ kind == 'event' }}"}
event_fields: {type: yaml, default: [], when: "{{ kind == 'event' }}"}
event_module: {type: str, default: "{{ event | lower }}", when: "{{ kind == 'event' }}", ask: false}
event_class: {type: str, default: "{{ event }}", when: "{{ kind == 'event' }}", ask: false}
event_type:
  {type: str, default: "shop.{{ event }}.v1", when: "{{ kind == 'event' }}", ask: false}
package: {type: str, default: "{{ project_slug }}", ask: false}
yours:
  type: yaml
  when: false
  default: [/notes.md, /migrations, "/src/{{ package }}/handlers/{{ event_module }}.py"]
shared:
  type: yaml
  when: false
  default: [/settings.py, "/src/{{ package }}/events/{{ event_module }}.py"]
"""
ANSWERS = "{{ _copier_answers | to_nice_yaml }}"
PIPE = "src/{{ package }}/pipe"
LINES = "".join(f"{{}} line {number}\n" for number in range(1, 13))
FILES = {
    "copier.yml": COPIER_YML,
    "template/service/{{ _copier_conf.answers_file }}.jinja": ANSWERS,
    f"template/service/{PIPE}/relay.py": LINES.replace("{}", "relay"),
    f"template/service/{PIPE}/outbox.py": LINES.replace("{}", "outbox"),
    f"template/service/{PIPE}/migrations/0001.py": "the pipe's first tables\n",
    "template/service/settings.py": LINES.replace("{}", "setting"),
    "template/service/notes.md": LINES.replace("{}", "note"),
    "template/service/migrations/0001.py": "the service's first tables\n",
    "template/service/.gitignore": "*.log\n",
    "template/service/{% if with_docs %}docs{% endif %}/guide.md": LINES.replace("{}", "guide"),
    "template/event/{{ _copier_conf.answers_file }}.jinja": ANSWERS,
    "template/event/src/{{ package }}/events/{{ event_module }}.py": LINES.replace(
        "{}", "contract"
    ),
    "template/event/src/{{ package }}/handlers/{{ event_module }}.py": LINES.replace(
        "{}", "handler"
    ),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template's repository; paths are below template/service, or where they say."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return where a file of the service's template lies."""
        inside = name.startswith("template/") or name == "copier.yml"
        return self.folder / (name if inside else f"template/service/{name}")

    def write(self, name: str, text: str) -> None:
        """Make a file, or make it anew."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change some words in a file."""
        text = self.path(name).read_text()
        assert old in text
        self.path(name).write_text(text.replace(old, new, 1))

    def move(self, name: str, to: str) -> None:
        """Rename a file."""
        self.path(to).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).rename(self.path(to))

    def release(self, tag: str) -> None:
        """Commit everything and tag it."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--message", tag)
        git(self.folder, "tag", tag)


@dataclass(frozen=True, slots=True)
class Grown:
    """A service in a repository of its own, or in a folder of another one."""

    folder: Path
    run: Callable[..., Result]

    def write(self, name: str, text: str) -> None:
        """Make a file, or make it anew, without committing it."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def read(self, name: str) -> str:
        """Return the text of a file."""
        return (self.folder / name).read_text()

    def edit(self, name: str, old: str, new: str) -> None:
        """Change some words in a file, and commit that."""
        assert old in self.read(name)
        self.write(name, self.read(name).replace(old, new, 1))
        self.commit(f"Edit {name}")

    def delete(self, name: str) -> None:
        """Delete a file, and commit that."""
        git(self.folder, "rm", "--quiet", name)
        self.commit(f"Delete {name}")

    def commit(self, message: str) -> None:
        """Commit everything in the service's folder."""
        git(self.folder, "add", "--all", ".")
        git(self.folder, "commit", "--message", message)

    def update(self, *args: str | Path) -> Result:
        """Run `eventsmith update`."""
        return self.run("update", "-C", self.folder, *args)

    def events(self) -> list[dict[str, object]]:
        """Return what `eventsmith events` lists."""
        rows = json.loads(self.run("events", "--json", "-C", self.folder).stdout)
        assert isinstance(rows, list)
        return rows

    def recorded(self, file: str = ".copier-answers.yml") -> dict[str, object]:
        """Return what Copier has recorded."""
        answers = yaml.safe_load(self.read(file))
        assert isinstance(answers, dict)
        return answers

    def staged(self) -> dict[str, str]:
        """Return what is staged of each file: A, M or D, or U where it is in conflict."""
        show = ("diff", "--cached", "--name-status", "--no-renames", "--relative")
        lines = git(self.folder, *show).splitlines()
        return {path: state for state, path in (line.split("\t") for line in lines)}

    def unstaged(self) -> list[str]:
        """Return the files that differ from what is staged, new ones included."""
        listed = ("ls-files", "--modified", "--others", "--exclude-standard")
        return git(self.folder, *listed).splitlines()


def everything(folder: Path) -> dict[str, bytes]:
    """Return all files and folders of a repository, its index, and the names of git's other own."""
    found = {}
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if ".git" not in parts or path.name == "index":
            found["/".join(parts)] = b"" if path.is_dir() else path.read_bytes()
        elif "objects" not in parts and path.is_file():
            found["/".join(parts)] = b""
    return found


def small_template(folder: Path) -> Template:
    """Make the small template, whose only release is v1.0.0."""
    template = Template(folder)
    for name, text in FILES.items():
        template.write(name, text)
    git(folder, "init", "--quiet")
    template.release("v1.0.0")
    return template


def real_template(folder: Path) -> Template:
    """Return this repository's template, as it stands, as the release v1.0.0."""
    shutil.copytree(ROOT / "template", folder / "template")
    shutil.copy(ROOT / "copier.yml", folder)
    git(folder, "init", "--quiet")
    template = Template(folder)
    template.release("v1.0.0")
    return template


def next_release(template: Template) -> None:
    """Release v1.1.0 of the real template: files renamed and changed, and a new question."""
    messaging = "src/{{ package }}/chassis/messaging"
    template.move(f"{messaging}/upkeep/janitor.py", f"{messaging}/upkeep/caretaker.py")
    template.replace(f"{messaging}/publishing/relay.py", '"""', '"""Newer. ')
    template.replace("src/{{ package }}/settings.py", '"""', '"""Newer. ')
    template.replace("src/{{ package }}/models/__init__.py", '"""', '"""Newer. ')
    template.replace("template/parts/event.py.jinja", '\n"""', '\n"""Newer. ')
    template.replace("template/parts/test_event.py.jinja", '\n"""', '\n"""Newer. ')
    template.write(f"{messaging}/{{% if audited %}}audit_log{{% endif %}}.py", "AUDITED = True\n")
    question = "audited:\n  type: bool\n  default: true\n  when: \"{{ kind == 'service' }}\"\n\n"
    template.replace("copier.yml", "with_kubernetes:\n", f"{question}with_kubernetes:\n")
    news = "'1.1.0': {renamed: {src/<package>/chassis/janitor.py: caretaker.py}, manual: [Rest.]}"
    template.write("template/upgrades.yml", f"{news}\n")
    template.release("v1.1.0")
