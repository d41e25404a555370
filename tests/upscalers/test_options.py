"""What makes an output another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docsr.upscalers.options import EnhanceOptions


@pytest.mark.parametrize(
    ("options", "another"),
    [
        pytest.param(EnhanceOptions(), True, id="networks and factor follow it"),
        pytest.param(EnhanceOptions(model="bicubic"), True, id="the factor follows it"),
        pytest.param(EnhanceOptions(factor=2), True, id="networks follow it"),
        pytest.param(EnhanceOptions(factor=2, model="bicubic"), False, id="nothing does"),
    ],
)
def test_the_engine_makes_another_output_where_something_follows_it(options: EnhanceOptions, another: bool) -> None:
    assert (options.signature() != replace(options, engine="rapidocr").signature()) is another
