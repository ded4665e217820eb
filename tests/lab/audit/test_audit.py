"""The audit on little data sets that give their labels away in one known way, or in none."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

pytest.importorskip("sklearn", reason="needs tegaki[lab]")

from tegaki import Detector
from tegaki.cli.main import program
from tegaki.errors import CorpusError
from tegaki.formats import walk
from tegaki.formats.structure import Header, read_header
from tegaki.lab.audit import (
    Finding,
    Property,
    audit_crops,
    audit_files,
    audit_model,
    folder_items,
    not_trained_on,
    predictability,
    sampled,
    sentences,
    tables,
)
from tegaki.lab.audit.dataset import crossing_pairs, labelled_by
from tegaki.lab.audit.pixels import bars, flat_ground, jpeg_grid, top_bands
from tegaki.lab.audit.predictability import assess
from tegaki.lab.audit.properties import Features, of_original, sized
from tegaki.lab.corpus import load_corpus
from tegaki.lab.corpus.duplicates import thumbnail
from tegaki.lab.corpus.perturbations import PERTURBATIONS
from tegaki.results.scoring_config import CropPolicy
from tests.conftest import painting

SOURCES, EACH = 4, 10  # of a label
TOGETHER = {"the file alone", "all but the drawing"}
Rng = np.random.Generator
# Greys that JPEG keeps exactly at qualities 60 and 90: 8 * (grey - 128) is divisible by the steps
# of the first coefficient, 13 and 3.
DARK, LIGHT = 89, 167


def quiet(stage: str, done: int, total: int) -> None:
    assert stage
    assert 0 <= done <= total


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer trees and draws: what these data sets give away, they give away at once."""
    monkeypatch.setattr(predictability, "FOLDS", 2)
    monkeypatch.setattr(predictability, "PARTITIONS", 1)
    monkeypatch.setattr(predictability, "DRAWS", 40)


# ---- little data sets --------------------------------------------------------------------------


def cells(rng: Rng, across: int = 8, down: int = 8, light: float = 0.5) -> np.ndarray:
    """Light and dark in random order, in a fixed share: bool ``(down, across)``."""
    count = across * down
    return rng.permutation(np.arange(count) < round(count * light)).reshape(down, across)


def drawn(light: np.ndarray, colours: tuple[int, int] = (DARK, LIGHT)) -> Image.Image:
    grey = np.where(light, colours[1], colours[0]).astype(np.uint8)
    grown = grey.repeat(8, axis=0).repeat(8, axis=1)
    return Image.fromarray(grown).convert("RGB")


def save(picture: Image.Image, path: Path, rng: Rng, format: str = "BMP", **how: object) -> None:
    """Save and fill up with zeros, so that bytes a pixel say nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, format, **how)
    wanted = round(picture.width * picture.height * rng.uniform(3.2, 3.6))
    with path.open("ab") as stream:
        stream.write(bytes(wanted - path.stat().st_size))


def plain(path: Path, generated: bool, source: int, rng: Rng) -> None:
    save(drawn(cells(rng)), path, rng)


def by_format(path: Path, generated: bool, source: int, rng: Rng) -> None:
    save(drawn(cells(rng)), path, rng, "PNG" if generated else "BMP")


def by_size(path: Path, generated: bool, source: int, rng: Rng) -> None:
    side = 20 if generated else 18
    save(drawn(cells(rng, side, side)), path, rng)


def by_quality(path: Path, generated: bool, source: int, rng: Rng) -> None:
    save(drawn(cells(rng)), path, rng, "JPEG", quality=60 if generated else 90)


def by_bars(path: Path, generated: bool, source: int, rng: Rng) -> None:
    light = cells(rng, 16, 16)
    if generated:  # as many dark cells as without bars
        light[[0, -1]] = False
        light[1:-1] = cells(rng, 16, 14, light=128 / (14 * 16))
    save(drawn(light), path, rng)


def by_ground(path: Path, generated: bool, source: int, rng: Rng) -> None:
    """Two cells in five are white; around the border they are many, or few."""
    light = np.zeros((16, 16), dtype=bool)
    border = np.ones((16, 16), dtype=bool)
    border[1:-1, 1:-1] = False
    around = 36 if generated else 24
    light[border] = rng.permutation(np.arange(border.sum()) < around)
    light[~border] = rng.permutation(np.arange((~border).sum()) < 102 - around)
    save(drawn(light, (DARK, 255)), path, rng)


def by_colour(path: Path, generated: bool, source: int, rng: Rng) -> None:
    red, green, blue = drawn(cells(rng)).split()
    if generated:
        blue = blue.point([min(255, level + 20) for level in range(256)])
    save(Image.merge("RGB", (red, green, blue)), path, rng)


def by_source(path: Path, generated: bool, source: int, rng: Rng) -> None:
    """Every source has a size of its own, next to one of the other label."""
    side = 16 + 2 * source + generated
    save(drawn(cells(rng, side, side)), path, rng)


Leak = Callable[[Path, bool, int, Rng], None]


def write(folder: Path, leak: Leak, sources: int = SOURCES) -> tuple[Path, Path]:
    """``human/SOURCE/NUMBER`` and ``generated/SOURCE/NUMBER``."""
    rng = np.random.default_rng(1)
    for generated in (False, True):
        for source in range(sources):
            for number in range(EACH * SOURCES // sources):
                label = "generated" if generated else "human"
                leak(folder / label / f"{label[0]}{source}" / str(number), generated, source, rng)
    return folder / "human", folder / "generated"


def findings(folder: Path, leak: Leak) -> dict[str, Finding]:
    audit = audit_files(folder_items(*write(folder, leak)), quiet)
    assert (audit.counts.human, audit.counts.generated) == (40, 40)
    assert audit.unreadable == ()
    assert audit.pairs == ()
    return {finding.property.name: finding for finding in audit.findings}


# ---- what gives a label away -------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("leak", "properties"),
    [
        (by_format, {"format", "encoding"} | TOGETHER),
        (by_size, {"dimensions"} | TOGETHER),
        (by_quality, {"JPEG quality"} | TOGETHER),
        (by_bars, {"padding bars", "all but the drawing"}),
        (by_ground, {"flat ground"}),
        (by_colour, {"mean colour"}),
        (plain, set()),
    ],
)
def test_what_gives_the_label_away_is_found_and_nothing_else(
    leak: Leak, properties: set[str], tmp_path: Path
) -> None:
    found = findings(tmp_path, leak)
    verdicts = {name: finding.verdict for name, finding in found.items()}
    given_away = {name for name, verdict in verdicts.items() if verdict == "gives the label away"}
    assert given_away == properties, verdicts
    for name in properties:
        by_new_source = found[name].by_source
        assert by_new_source is not None
        assert by_new_source.auc > 0.85
        assert by_new_source.accuracy > 0.85
    for name in set(found) - properties:
        assert (found[name].by_source or found[name].random).auc < 0.7


@pytest.mark.usefixtures("quick")
def test_what_tells_sources_apart_is_not_what_tells_labels_apart(tmp_path: Path) -> None:
    """Trees that know a source's size are right; for new sources wrong, which is chance."""
    found = findings(tmp_path, by_source)["dimensions"]
    assert found.by_source is not None
    assert found.random.auc > 0.9
    assert found.by_source.auc < 0.5
    assert found.verdict == "tells sources apart"


@pytest.mark.usefixtures("quick")
def test_one_source_a_label_says_nothing_of_new_sources(tmp_path: Path) -> None:
    audit = audit_files(folder_items(*write(tmp_path, by_format, sources=1)), quiet)
    assert {finding.by_source for finding in audit.findings} == {None}
    assert "format" in audit.gives_away
    assert any("figures by source cannot be had" in sentence for sentence in sentences(audit))
    (table,) = tables(audit)
    assert tuple(table.header) == ("Property", "Random folds: AUC", "accuracy", "Verdict")
    assert {len(row) for row in table.rows} == {4}
    assert "by source:" not in table.note.lower()
    assert "ells sources apart" not in table.note
    assert "Verdicts go by random folds" in table.note


@pytest.mark.usefixtures("quick")
def test_a_coarse_property_is_not_made_harmless_by_folds() -> None:
    """Scores of different trees are never compared: the AUC is that of the property itself."""
    rng = np.random.default_rng(0)
    generated = np.arange(200) % 2 == 1
    flag = rng.random(200) < np.where(generated, 0.2, 0.6)
    labelled = predictability.Labelled(generated, tuple(f"{i % 20}" for i in range(200)))
    own = Property("flag", "file", ("flag",))
    found = assess(own, [{"flag": float(f)} for f in flag], labelled)
    itself = 0.5 + (flag[~generated].mean() - flag[generated].mean()) / 2
    assert found.random.auc == pytest.approx(itself, abs=0.01)
    assert found.by_source is not None
    assert found.by_source.auc == pytest.approx(itself, abs=0.01)
    assert found.by_source.low < itself < found.by_source.high


def test_the_same_for_all_is_chance_whatever_the_counts() -> None:
    generated = np.arange(90) % 3 == 0
    labelled = predictability.Labelled(generated, tuple(str(i % 12) for i in range(90)))
    rows: list[Features] = [{"format": "PNG"} for _ in range(90)]
    found = assess(Property("format", "file", ("format",)), rows, labelled)
    assert (found.varying, found.random, found.by_source) == (
        (),
        predictability.CHANCE,
        predictability.CHANCE,
    )
    assert found.verdict == "fine"


@pytest.mark.usefixtures("quick")
def test_labels_weigh_alike_in_the_accuracy() -> None:
    rng = np.random.default_rng(3)
    generated = np.arange(300) % 10 == 0
    labelled = predictability.Labelled(generated, tuple(str(i % 50) for i in range(300)))
    rows: list[Features] = [{"noise": float(x)} for x in rng.normal(size=300)]
    found = assess(Property("noise", "file", ("noise",)), rows, labelled)
    assert found.random.accuracy == pytest.approx(0.5, abs=0.1)  # not 90 %


def test_too_few_pictures(tmp_path: Path) -> None:
    items = sampled(folder_items(*write(tmp_path, plain)), 20)
    with pytest.raises(CorpusError, match="10 readable human pictures: an audit needs 20"):
        audit_files(items, quiet)


def test_a_sample_is_balanced_and_the_same_every_time(tmp_path: Path) -> None:
    items = folder_items(*write(tmp_path, plain))
    chosen = sampled(items, 30)
    assert chosen == sampled(items, 30)
    assert sum(item.generated for item in chosen) == 15
    assert list(chosen) == sorted(chosen, key=items.index)
    assert sampled(items, None) == items


# ---- near-duplicates ---------------------------------------------------------------------------


def test_near_duplicates_matter_where_label_or_split_differs(tmp_path: Path) -> None:
    items = folder_items(*write(tmp_path, plain))[:4]
    one, other = (thumbnail(painting(seed=seed)) for seed in (0, 40))
    items = tuple(replace(item, split="train") for item in items)
    other_split = replace(items[2], split="val")
    made = replace(items[3], generated=True)
    (pair,) = crossing_pairs((*items[:2], other_split, made), [one, one, one, other])
    assert (pair.first, pair.second) == (items[0].id, items[2].id)
    assert (pair.labels, pair.splits) == (("human", "human"), ("train", "val"))
    assert pair.alike == pytest.approx(1)
    (pair,) = crossing_pairs((items[0], made), [one, one])
    assert pair.labels == ("human", "generated")
    assert crossing_pairs(items[:2], [one, one]) == ()


# ---- what is measured --------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [1, 10, 35, 50, 75, 86, 95, 100])
def test_jpeg_quality_is_read_from_the_tables(quality: int, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    painting().save(path, quality=quality, subsampling=0, progressive=True, comment=b"made by hand")
    header = header_of(path.read_bytes())
    assert header.quality == quality
    assert header.subsampling == "1x1, 1x1, 1x1"
    assert header.kind == "JPEG progressive, 3 components"
    assert header.metadata == len("made by hand")


def header_of(data: bytes) -> Header:
    return read_header(data, walk(data), "other")


def test_headers_of_other_formats(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "masterpiece")
    painting().convert("L").save(tmp_path / "a.png", pnginfo=text)
    header = header_of((tmp_path / "a.png").read_bytes())
    assert header.kind == "PNG colour type 0, 8 bits, interlace 0"
    assert header.metadata == len("parameters\0masterpiece")
    assert math.isnan(header.quality)
    for lossless, kind in ((True, "WebP lossless"), (False, "WebP lossy")):
        painting().save(tmp_path / "a.webp", lossless=lossless, exif=b"Exif\0\0II*\0")
        header = header_of((tmp_path / "a.webp").read_bytes())
        assert (header.kind, header.metadata > 0) == (kind, True)


@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.binary(max_size=300))
def test_no_bytes_are_too_hostile(format: str, data: bytes) -> None:
    heads = {"JPEG": b"\xff\xd8\xff\xdb", "PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF....WEBP"}
    header = header_of(heads.get(format, b"") + data)
    assert math.isnan(header.quality) or 1 <= header.quality <= 100


def test_ground_around_a_figure_is_no_bar() -> None:
    figure = np.full((120, 100, 3), 255, dtype=np.uint8)
    figure[30:90, 35:65] = np.asarray(painting(30, 60))
    assert bars(figure) == (0, 0, 0, 0)
    assert flat_ground(figure) == pytest.approx((0.85, 0.85), abs=0.02)
    assert flat_ground(figure - np.uint8(60))[1] == 0
    assert flat_ground(np.asarray(painting(120, 100)))[0] < 0.1


def test_the_jpeg_grid_is_seen_in_place_and_shifted() -> None:
    rough = PERTURBATIONS["noise"](painting(200, 200))
    stored = PERTURBATIONS["jpeg-30"](rough)

    def grid(picture: Image.Image) -> tuple[float, float, float]:
        return jpeg_grid(np.asarray(picture.convert("L"), dtype=np.float32))

    assert max(grid(rough)) < 0.2
    assert min(grid(stored)[:2]) > 0.5 > grid(stored)[2]
    shifted = grid(stored.crop((3, 3, 195, 195)))
    assert shifted[2] > 0.5 > max(shifted[:2])


def test_enlarging_and_squashing_show_in_the_spectrum() -> None:
    rough = PERTURBATIONS["noise"](painting(200, 200))

    def bands(picture: Image.Image) -> tuple[float, float, float]:
        return top_bands(np.asarray(picture.convert("L"), dtype=np.float32))

    across, down, _ = bands(rough)
    assert across == pytest.approx(down, abs=0.1)
    assert max(bands(PERTURBATIONS["upsample-2"](rough))[:2]) < min(across, down) - 1
    across, down, _ = bands(rough.resize((400, 200)))
    assert across < down - 1


def test_squares_for_the_network_say_nothing_of_the_file(tmp_path: Path, quick: None) -> None:
    policy = CropPolicy(names=("squashed",), size=64, short_side=96)
    audit = audit_crops(folder_items(*write(tmp_path, by_size)), policy, quiet)
    assert tuple(audit.findings) == (*policy.names, "training")
    for found in audit.findings.values():
        by_name = {finding.property.name: finding for finding in found}
        for name in ("format", "dimensions", "aspect", "bytes per pixel"):
            assert by_name[name].varying == ()
    assert not any("ground" in name or "colour" in name for name in audit.gives_away)
    (table,) = tables(audit)
    assert table.title.endswith("AUC by source")
    for word in ("ccuracy", "andom", "95 %", "ells sources apart"):  # of columns not shown here
        assert word not in table.note
    assert "By source: the trees know no other picture" in table.note


# ---- a model -----------------------------------------------------------------------------------


def test_metadata_moves_nothing_and_bars_do(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictability, "FEWEST", 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side
    for k in range(4):
        path = tmp_path / ("human", "generated")[k % 2] / f"{k // 2}.jpg"
        path.parent.mkdir(exist_ok=True)
        painting(160, 130, seed=k).save(path, exif=exif, comment=b"drawn by hand")
    (tmp_path / "human" / "notes.txt").write_text("no picture")
    audit = audit_model(
        detector, folder_items(tmp_path / "human", tmp_path / "generated"), quiet, left_out=3
    )
    moves = {move.condition: move for move in audit.moves}
    still, barred = moves["metadata-stripped"], moves["bars"]
    assert (still.logit, still.probability, still.verdicts, still.leans) == (0, 0, 0, False)
    assert barred.logit > 0.01
    assert barred.logit >= abs(barred.human_logit + barred.generated_logit) / 2
    assert [u.error for u in audit.unreadable] == ["NotAPicture"]
    assert "3 pictures of split train were left out" in " ".join(sentences(audit))
    assert audit.model == detector.bundle.id


def test_training_pictures_do_not_judge_a_model(tmp_path: Path) -> None:
    items = folder_items(*write(tmp_path, plain))
    split = tuple(replace(i, split="train" if k % 2 else "val") for k, i in enumerate(items))
    assert not_trained_on(split) == split[::2]
    assert not_trained_on(items) == items


# ---- the command -------------------------------------------------------------------------------


def run(*words: object) -> Result:
    return CliRunner().invoke(program, ["lab", "audit", *map(str, words)])


@pytest.mark.usefixtures("quick")
def test_the_command_finds_nothing_in_a_sound_set(tmp_path: Path) -> None:
    human, generated = write(tmp_path, plain)
    done = run("--human", human, "--generated", generated)
    assert done.exit_code == 0, done.output
    assert "40 human pictures of 4 sources, 40 generated pictures of 4 sources." in done.output
    assert "One label has 4 sources only: figures by source are rough." in done.output
    for word in ("Random folds: the trees", "By source: the trees", '"Tells sources apart"'):
        assert word in done.output
    assert "No near-duplicates stand in two splits or under two labels." in done.output
    assert done.output.endswith("Nothing gives the label away.\n")


@pytest.mark.usefixtures("quick")
def test_json_and_html_of_a_set_with_hostile_names(tmp_path: Path) -> None:
    human, generated = write(tmp_path, by_format)
    hostile = "<img src=x onerror=alert(1)>\x1b[31m.png"
    (human / "<b>").mkdir()
    (human / "<b>" / hostile).write_bytes(b"not a picture")
    for folder in (human, generated):
        painting().save(folder / os.fsdecode(b"\xff<i>.bmp"), "BMP")
    page = tmp_path / "audit.html"
    done = run("--human", human, "--generated", generated, "--json", "-", "--html", page)
    assert done.exit_code == 1
    result = json.loads(done.output)
    assert result["audit"] == "files"
    assert result["manifest_sha256"] is None
    assert {"format", "encoding", "near-duplicates"} <= set(result["gives_away"])
    assert result["counts"] == {
        "human": 41, "generated": 41, "human_sources": 5, "generated_sources": 5,
    }  # fmt: skip
    finding = next(f for f in result["findings"] if f["property"]["name"] == "format")
    assert set(finding) == {"property", "varying", "random", "by_source", "verdict"}
    assert set(finding["by_source"]) == {"auc", "low", "high", "accuracy"}
    assert result["unreadable"][0]["error"] == "NotAPicture"
    assert result["pairs"][0]["labels"] == ["human", "generated"]
    assert "\x1b" not in done.output
    text = page.read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;\\x1b[31m.png" in text
    assert "&lt;i&gt;" in text
    for raw in ("<img", "<i>", "\x1b"):
        assert raw not in text
    assert "Gives the label away: format" in text


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--human", "HERE"], "Give --corpus, or both --human and --generated."),
        (["--corpus", "HERE", "--human", "HERE"], "Give --corpus, or both"),
        (["--human", "HERE", "--generated", "HERE", "--originals"], "known to a --corpus only"),
        (["--corpus", "HERE", "--views", "--model", "fast"], "are two audits: choose one"),
        (["--human", "HERE", "--generated", "HERE/none"], "/none does not exist"),
        (["--human", "HERE", "--generated", "HERE"], "0 readable human pictures"),
        (["--human", "HERE", "--generated", "HERE", "--json", "HERE/no/a"], "does not exist"),
        (["--corpus", "HERE"], "manifest.csv cannot be read"),
        (["--corpus", "HERE/none"], "/none does not exist"),
    ],
)
def test_wrong_usage(words: list[str], problem: str, tmp_path: Path) -> None:
    done = run(*(word.replace("HERE", str(tmp_path)) for word in words))
    assert done.exit_code == 2
    assert problem in done.output


@pytest.mark.parametrize("words", [[], ["--views"]])
def test_without_the_extra(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    done = run("--human", tmp_path, "--generated", tmp_path, *words)
    assert done.exit_code == 2
    assert "the audit of a data set needs the extra tegaki[lab]" in done.output


# ---- the shared corpus -------------------------------------------------------------------------


def test_the_originals_of_the_shared_corpus_give_their_labels_away(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """96.6 %, AUC 0.992 and 0.872 by source; dimensions alone 0.96: the corpus' own notes."""
    monkeypatch.setattr(predictability, "PARTITIONS", 1)
    monkeypatch.setattr(predictability, "DRAWS", 20)
    items = load_corpus(shared / "corpus").items
    rows = [of_original(item.original) for item in items if item.original]
    assert len(rows) == 4020
    size = tuple(name for name in sized(1, 1) if name not in ("aspect", "width x height"))
    others = ("format", "bytes per pixel", "JPEG quality", "alpha")
    labelled = labelled_by(items)
    found = assess(Property("all", "file", (*size, *others)), rows, labelled)
    assert found.random.accuracy == pytest.approx(0.966, abs=0.005)
    assert found.random.auc == pytest.approx(0.992, abs=0.003)
    assert found.by_source is not None
    assert found.by_source.auc == pytest.approx(0.872, abs=0.03)
    assert found.verdict == "gives the label away"
    dimensions = assess(Property("dimensions", "file", size), rows, labelled)
    assert dimensions.random.auc == pytest.approx(0.96, abs=0.01)
    stored: list[Features] = [{"aspect": item.width / item.height} for item in items]
    aspect = assess(Property("aspect", "file", ("aspect",)), stored, labelled)
    assert aspect.random.auc == pytest.approx(0.81, abs=0.01)
    assert aspect.by_source is not None
    assert aspect.by_source.auc == pytest.approx(0.73, abs=0.03)
