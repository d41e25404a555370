"""JSON and YAML from outside are read within bounds, and refused with a reason."""

from __future__ import annotations

import pytest

from docsr.text.parsing import MOST_BYTES, read_json, read_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))


def test_json_is_read_and_deep_json_refused():
    assert read_json('{"a": [1]}') == {"a": [1]}
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json("[" * 100_000)


def test_yaml_is_read_with_its_aliases():
    assert read_yaml("a: &x [1, 2]\nb: *x\nc: {<<: {d: 1}}") == {"a": [1, 2], "b": [1, 2], "c": {"d": 1}}
    assert read_yaml("") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 5_000, "nested too deeply"),
        ("a: " * 5_000, "nested too deeply|not allowed here"),
        (BOMB, "its aliases make it more than"),
        ("a: &a [*a]", "refers to itself"),
        ("a: &a {b: *a}", "refers to itself"),
        ("a: 2024-99-99", "month"),
        ("a: [", r"line 1, column 5"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: " + "9" * 5_000, "4300"),
        ("x" * (MOST_BYTES + 1), "longer than"),
        ("a: \x00", "special characters"),
    ],
)
def test_what_is_no_yaml_is_refused_in_one_line(text: str, reason: str):
    with pytest.raises(ValueError, match=reason) as refused:
        read_yaml(text)
    assert "\n" not in str(refused.value)
