"""Files made by the formats' descriptions, of kinds for which there are no real ones at hand."""

from __future__ import annotations

import pytest

from tegaki.metadata import read
from tests.metadata.samples import SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_as_it_was_made(name: str) -> None:
    sample = SAMPLES[name]
    claim = read(sample.build())[0]
    assert (claim.kind, claim.strength) == (sample.kind, sample.strength)
    if sample.tool is not None:
        assert claim.tool == sample.tool
    assert claim.prompt == sample.prompt
