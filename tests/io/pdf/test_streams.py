"""Filters of a stream are read in order, and refused where the format does not allow them."""

from __future__ import annotations

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from docsr.io.pdf.streams import filters_of
from docsr.io.read_errors import Unreadable


def test_filters_have_their_parameters_and_long_names():
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, b"", Filter=Array([Name.AHx, Name.FlateDecode]))
        stream.DecodeParms = Array([Dictionary(), Dictionary(Predictor=12)])
        (first, none), (second, parameters) = filters_of(stream)
        assert (first, second) == ("/ASCIIHexDecode", "/FlateDecode")
        assert (dict(none), parameters.Predictor) == ({}, 12)


@pytest.mark.parametrize("filters", [[1], [Name.FlateDecode, 1], [Name.FlateDecode] * 100], ids=["1", "and 1", "many"])
def test_filters_that_are_no_names_or_too_many_are_refused(filters):
    with pikepdf.new() as pdf:
        stream = pikepdf.Stream(pdf, b"")
        stream.Filter = Array(filters)
        with pytest.raises(Unreadable, match="filters are not understood"):
            filters_of(stream)
