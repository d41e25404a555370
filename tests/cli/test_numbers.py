"""No number that a user gives, by option or configuration, is infinite, undefined or beyond counting."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import click
import pytest
from pydantic import BaseModel, ValidationError

from docsr.batch.options import EnhanceOptions
from docsr.batch.run import enhance_files
from docsr.bench.suite_file import LowerConfig, SourceConfig, SuiteConfig
from docsr.choices import HIGHEST_DPI, LONGEST_PAGE, LOWEST_DPI, SMALLEST_TILE
from docsr.cli import cli, enhance_options
from docsr.cli.numbers import Real, Whole
from docsr.errors import UsageError
from docsr.integrations import ray
from docsr.train_config import TrainConfig
from docsr.train_config_file import load_config, parse_override

COMMANDS = {**cli.commands, "ray": ray._command()}
NUMBERS = [
    pytest.param(parameter, id=f"{name} {parameter.opts[0]}")
    for name, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter.type, Whole | Real)
]
ODD = ["inf", "-inf", "nan", "NaN", "1e999", "-1e999", "9" * 23, "-1", "9" * 5000, "", "abc", "1\n2", "0x1", "1,5"]


def test_every_number_of_a_command_is_of_such_a_kind():
    plain = click.types.IntParamType | click.types.FloatParamType
    others = [
        f"{name} {parameter.opts[0]}"
        for name, command in COMMANDS.items()
        for parameter in command.params
        if isinstance(parameter.type, plain) and not isinstance(parameter.type, Whole | Real)
    ]
    assert others == []
    assert len(NUMBERS) > 15


@pytest.mark.parametrize("parameter", NUMBERS)
@pytest.mark.parametrize("value", ODD, ids=lambda one: repr(one)[:12])
def test_an_option_refuses_odd_numbers_in_one_sentence(parameter: click.Parameter, value: str):
    with pytest.raises(click.BadParameter) as refused:
        parameter.type_cast_value(click.Context(click.Command("x")), (value,) if parameter.multiple else value)
    assert re.search(r"give a (whole )?number from [\d,.]+ to [\d,.]+$", refused.value.message)
    assert len(refused.value.message) < 120
    assert refused.value.message.isprintable()


@pytest.mark.parametrize("parameter", NUMBERS)
def test_an_option_takes_both_ends_of_its_range(parameter: click.Parameter):
    kind = parameter.type
    assert isinstance(kind, Whole | Real)
    context = click.Context(click.Command("x"))
    assert [kind.convert(str(end), None, context) for end in (kind.min, kind.max)] == [kind.min, kind.max]


def test_command_line_and_api_have_the_same_ranges():
    options = {parameter.name: parameter.type for parameter in cli.commands["enhance"].params}
    for name, low, high in (("dpi", LOWEST_DPI, HIGHEST_DPI), ("time_limit", 0, LONGEST_PAGE)):
        assert (options[name].min, options[name].max) == (low, high)  # type: ignore[attr-defined]
    assert options["tile"].min == SMALLEST_TILE  # type: ignore[attr-defined]


def test_each_option_of_enhance_is_one_of_the_api_with_the_same_default(tmp_path):
    defaults = {option.name: option.default for option in enhance_options._OPTIONS}
    fields = {field.name: field.default for field in dataclasses.fields(EnhanceOptions)}
    assert set(defaults) == set(fields)
    stated = {name for name, default in fields.items() if default} - {"sandbox"}  # which the command has by default
    assert {name: defaults[name] for name in stated} == {name: fields[name] for name in stated}


@pytest.mark.parametrize("limit", [float("inf"), float("nan"), -1.0, 0.0, 1e-300, 1e10])
def test_a_time_limit_that_no_timer_keeps_is_refused(tmp_path, limit):
    with pytest.raises(UsageError, match="a time limit is a number of seconds from"):
        list(enhance_files([], tmp_path, EnhanceOptions(), time_limit=limit))


def leaves(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaves(field.annotation, (*above, name))
        elif re.search(r"\b(int|float)\b", str(field.annotation)):
            yield (*above, name)


def nested(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, *rest = place
    return {first: nested(tuple(rest), value) if rest else value}


TRAINING = [*leaves(TrainConfig), ("generator", "args", "channels"), ("discriminator", "args", "x")]


@pytest.mark.parametrize("place", TRAINING, ids=".".join)
@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan", "9" * 23], ids=str)
def test_a_training_run_refuses_odd_numbers(place: tuple[str, ...], value: str):
    key, number = parse_override(f"{'.'.join(place)}={value}")
    for one in (number, [1, number], [number, number], {"a": [number]}):
        with pytest.raises(UsageError):
            load_config(None, {key: one})


SUITE: dict[type[BaseModel], dict[str, Any]] = {
    LowerConfig: {"dpi": [100]},
    SourceConfig: {"set": "a", "images": "*", "as_it_is": True},
}


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 10**23], ids=str)
@pytest.mark.parametrize(
    ("model", "name"), [(model, place[0]) for model in SUITE for place in leaves(model)], ids=lambda one: str(one)
)
def test_a_suite_refuses_odd_numbers(model: type[BaseModel], name: str, number: float):
    assert isinstance(model.model_validate(SUITE[model]), model)
    for value in (number, [number]):
        with pytest.raises(ValidationError):
            model.model_validate({**SUITE[model], name: value})


def test_a_suite_has_no_other_numbers():
    assert not list(leaves(SuiteConfig))
