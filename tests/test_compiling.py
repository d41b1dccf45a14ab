"""What makes many renders fast, and must not be seen otherwise."""

from jinja2 import Environment

from eventsmith.template.compiling import each_text_once

TEXT = "{{ name }} [[ name ]]"


def test_a_text_is_compiled_once_for_each_syntax() -> None:
    curly = Environment(autoescape=True)
    square = Environment(variable_start_string="[[", variable_end_string="]]", autoescape=True)
    with each_text_once():
        rendered = [each.from_string(TEXT).render(name="x") for each in (curly, square, curly)]
        first, other = (Environment(autoescape=True).compile(TEXT) for _ in range(2))

    assert rendered == ["x [[ name ]]", "{{ name }} x", "x [[ name ]]"]
    assert first is other


def test_jinja_is_as_it_was_afterwards() -> None:
    before = Environment.compile
    with each_text_once():
        assert Environment.compile is not before

    assert Environment.compile is before
