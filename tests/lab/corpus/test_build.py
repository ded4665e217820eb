"""Building a set: real files in, the same shards out whatever the label and the workers."""

from __future__ import annotations

import io
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tegaki.errors import CorpusError
from tegaki.imaging import Limits
from tegaki.lab.corpus import Item, ShardSet, load_corpus, write_manifest
from tegaki.lab.corpus.build import BuildOptions, build, left_out_counts
from tegaki.lab.corpus.normal_form import normal_form, normal_size
from tests.conftest import worst_difference
from tests.lab.corpus.building import WORDS, built, drawn, folders, left_out, pictures
from tests.lab.scenes import by_path, contents, scene

__all__ = ["built", "drawn", "folders"]  # fixtures

TEXT_FILE = "a text file, which is not read here; choose the picture that it belongs to"


# ---- the normal form ---------------------------------------------------------------------------


def test_every_format_becomes_one_form(built: ShardSet) -> None:
    items = by_path(load_corpus(built.folder).items)
    sizes = {path: (item.width, item.height) for path, item in items.items()}
    assert sizes == {
        "a.png": (427, 320),
        "b.webp": (427, 320),
        "c.jpg": (427, 320),
        "alice/2020/turned.jpg": (320, 427),
        "alice/wide.bmp": (480, 300),
        "alice/alpha.png": (300, 280),
        "bob/palette.gif": (320, 320),
        "bob/grey.tiff": (300, 400),
        "bob/絵.avif": (400, 300),
    }
    for item in items.values():
        data = item.read()
        assert normal_size(data) == (item.width, item.height)
        with Image.open(io.BytesIO(data)) as stored:
            assert set(stored.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            assert stored.mode == "RGB"
            assert stored.getpixel((item.width - 1, 0)) != (255, 255, 255)


def test_alpha_is_laid_on_white(built: ShardSet) -> None:
    item = by_path(load_corpus(built.folder).items)["alice/alpha.png"]
    with Image.open(io.BytesIO(item.read())) as stored:
        assert stored.crop((0, 0, 130, 280)).getextrema() == ((255, 255),) * 3


def test_facts_of_the_originals(built: ShardSet) -> None:
    items = by_path(load_corpus(built.folder).items)
    facts = {
        path: (o.format, o.width, o.height, o.mode, o.quality, o.alpha)
        for path, item in items.items()
        if (o := item.original)
    }
    assert facts == {
        "a.png": ("PNG", 640, 480, "RGB", None, False),
        "b.webp": ("WEBP", 640, 480, "RGB", None, False),
        "c.jpg": ("JPEG", 640, 480, "RGB", 92, False),
        "alice/2020/turned.jpg": ("JPEG", 480, 640, "RGB", 75, False),
        "alice/wide.bmp": ("BMP", 900, 300, "RGB", None, False),
        "alice/alpha.png": ("PNG", 300, 280, "RGBA", None, True),
        "bob/palette.gif": ("GIF", 500, 500, "P", None, False),
        "bob/grey.tiff": ("TIFF", 300, 400, "L", None, False),
        "bob/絵.avif": ("AVIF", 400, 300, "RGB", None, False),
    }
    one = items["c.jpg"]
    assert one.id == one.sha256[:16] == one.group
    assert {(i.label, i.family, i.style, i.date, i.licence, i.origin) for i in items.values()} == {
        ("human", "human", "anime", "", "", "")
    }
    assert Counter(i.source for i in items.values()) == {"drawn": 3, "alice": 3, "bob": 3}


def test_the_label_does_not_touch_the_pixels(drawn: Path, built: ShardSet, tmp_path: Path) -> None:
    other = build(BuildOptions(generated=(drawn,), style="general"), tmp_path / "other")
    assert pictures(other.folder) == pictures(built.folder)
    items = by_path(load_corpus(other.folder).items)
    assert {(i.generated, i.style) for i in items.values()} == {(True, "general")}
    assert items["alice/2020/turned.jpg"].family == "alice"
    assert items["a.png"].family == "drawn"


def test_a_set_of_a_set_has_the_same_bytes(built: ShardSet, tmp_path: Path) -> None:
    again = build(BuildOptions(corpora=(built.folder,)), tmp_path / "again")
    assert contents(again) == contents(built)


def save(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


NORMAL = save(scene(1, 400, 320), quality=86, subsampling=2)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(NORMAL, id="as Pillow writes it"),
        pytest.param(save(scene(1, 320, 512), quality=86, subsampling=2), id="1.6 to 1"),
        pytest.param(save(scene(1, 257, 411), quality=86, subsampling=2), id="1.6 to 1, rounded"),
        pytest.param(
            save(scene(1, 300, 300), quality=86, subsampling=2, comment=WORDS), id="a comment"
        ),
    ],
)
def test_a_file_in_the_normal_form_is_kept(data: bytes) -> None:
    assert normal_form(data, Limits()).data == data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(save(scene(1, 400, 320), quality=87, subsampling=2), id="another quality"),
        pytest.param(save(scene(1, 400, 320), quality=86, subsampling=0), id="4:4:4"),
        pytest.param(
            save(scene(1, 400, 320), quality=86, subsampling=2, progressive=True), id="progressive"
        ),
        pytest.param(
            save(scene(1, 400, 320), quality=86, subsampling=2, exif=Image.Exif()), id="EXIF"
        ),
        pytest.param(
            save(scene(1, 400, 320), quality=86, subsampling=2, icc_profile=b"p"), id="a profile"
        ),
        pytest.param(save(scene(1, 400, 320).convert("L"), quality=86, subsampling=2), id="grey"),
        pytest.param(save(scene(1, 400, 321), quality=86, subsampling=2), id="a pixel too large"),
        pytest.param(save(scene(1, 320, 513), quality=86, subsampling=2), id="a pixel too long"),
        pytest.param(NORMAL + b"more than a picture", id="something behind it"),
    ],
)
def test_a_file_in_another_form_is_not(data: bytes) -> None:
    stored = normal_form(data, Limits()).data
    assert stored != data
    assert normal_size(stored)


def test_the_normal_form_is_near_the_picture() -> None:
    stored = normal_form(save(scene(1, 300, 300), quality=100, subsampling=0), Limits())
    with Image.open(io.BytesIO(stored.data)) as picture:
        assert worst_difference(picture, scene(1, 300, 300)) < 40


@pytest.mark.parametrize("quality", [1, 20, 49, 50, 75, 86, 95, 100])
def test_the_quality_of_an_original_is_estimated(quality: int) -> None:
    original = normal_form(save(scene(1), quality=quality), Limits()).original
    assert original.quality == quality


# ---- what is left out --------------------------------------------------------------------------


def test_what_is_left_out_and_why(drawn: Path, tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    shutil.copytree(drawn, folder)
    (folder / "notes.txt").write_text("no picture")
    (folder / "half.png").write_bytes((folder / "a.png").read_bytes()[:5000])
    (folder / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.png")
    scene(20, 400, 255).save(folder / "small.png")
    Image.new("RGB", (400, 400), "pink").save(folder / "blank.png")
    shutil.copy(folder / "a.png", folder / "bob" / "copy.png")
    (folder / "line\nbreak\r.png").write_bytes(b"x")
    built = build(BuildOptions(human=(folder,)), tmp_path / "built", workers=3)
    assert left_out(built.folder) == {
        "notes.txt": (
            "unreadable",
            f"NotAPicture: {TEXT_FILE}",
        ),
        "half.png": ("unreadable", "TruncatedPicture: the file ends before the picture does"),
        "gone.png": ("unreadable", "FileNotFound: a symlink to something that does not exist"),
        "pipe.png": (
            "unreadable",
            "NotARegularFile: not a regular file (a pipe, socket or device)",
        ),
        "line\\nbreak\\r.png": (
            "unreadable",
            f"NotAPicture: {TEXT_FILE}",
        ),
        "small.png": ("too small", "400 x 255 pixels"),
        "blank.png": ("blank", "one flat colour: nothing to judge"),
        "copy.png": ("exact duplicate", f"of {folder / 'a.png'}"),
    }
    assert left_out_counts(built.folder) == {
        "blank": 1,
        "exact duplicate": 1,
        "too small": 1,
        "unreadable": 5,
    }
    assert built.size("train") + built.size("val") + built.size("test_seen") == 9


def test_one_picture_with_both_labels_is_in_neither(tmp_path: Path) -> None:
    for name in ("human", "made"):
        (tmp_path / name).mkdir()
    scene(1, 500, 400).save(tmp_path / "human" / "a.png")
    scene(1, 350, 280).save(tmp_path / "made" / "smaller.jpg", quality=60)
    scene(2).save(tmp_path / "human" / "b.png")
    scene(3).save(tmp_path / "made" / "c.png")
    options = BuildOptions(human=(tmp_path / "human",), generated=(tmp_path / "made",))
    built = build(options, tmp_path / "built")
    assert set(left_out(built.folder)) == {"a.png", "smaller.jpg"}
    assert {reason for reason, _ in left_out(built.folder).values()} == {"conflicting labels"}
    assert built.counts == {"train": {"generated": {"made": 1}, "human": {"human": 1}}}


def test_the_smallest_side_is_the_original_s(built: ShardSet, tmp_path: Path) -> None:
    options = BuildOptions(corpora=(built.folder,), min_side=480)
    few = build(options, tmp_path / "few")
    kept = {item.origin_path for item in load_corpus(few.folder).items}
    assert kept == {"a.png", "b.webp", "c.jpg", "alice/2020/turned.jpg", "bob/palette.gif"}


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.png").write_bytes(b"nothing")
    with pytest.raises(CorpusError, match="no picture is left: 1 unreadable"):
        build(BuildOptions(human=(tmp_path / "in",)), tmp_path / "built")
    assert not (tmp_path / "built").exists()


# ---- splits and duplicates ---------------------------------------------------------------------


def test_folders_are_split_by_label_source_and_group(folders: BuildOptions, tmp_path: Path) -> None:
    built = build(folders, tmp_path / "built")
    items = load_corpus(built.folder).items
    assert len(items) == 116
    for label, total in (("human", 66), ("generated", 50)):
        for split, share in (("train", 0.76), ("val", 0.12), ("test_seen", 0.12)):
            count = sum(built.counts[split][label].values())
            assert count == pytest.approx(share * total, abs=3)
    assert set(built.counts["val"]["generated"]) == {"g1", "g2"}
    groups: dict[str, set[str]] = {}
    for item in items:
        groups.setdefault(item.group, set()).add(item.split)
    assert Counter(Counter(item.group for item in items).values()) == {3: 8, 1: 92}
    assert all(len(splits) == 1 for splits in groups.values())


def test_the_seed_moves_the_split_and_nothing_else(folders: BuildOptions, tmp_path: Path) -> None:
    built = [build(replace(folders, seed=seed), tmp_path / str(seed)) for seed in (42, 7)]
    splits = [{i.id: i.split for i in load_corpus(s.folder).items} for s in built]
    assert splits[0] != splits[1]
    assert pictures(built[0].folder) == pictures(built[1].folder)


def test_workers_do_not_move_a_byte(folders: BuildOptions, tmp_path: Path) -> None:
    one = build(folders, tmp_path / "one", workers=1)
    assert contents(one) == contents(build(folders, tmp_path / "four", workers=4))


def test_a_source_held_out(folders: BuildOptions, tmp_path: Path) -> None:
    """Its copies in other sources are left out: h2 holds eight pictures of h1."""
    options = replace(folders, hold_out=("h2", "g1"))
    built = build(options, tmp_path / "built")
    assert built.counts["test_unseen"] == {"human": {"h2": 33}, "generated": {"g1": 25}}
    assert left_out_counts(built.folder) == {"near-duplicate of a protected picture": 16}
    seen = {source for split in ("train", "val", "test_seen") for source in sources(built, split)}
    assert seen == {"h1", "g2"}


def sources(built: ShardSet, split: str) -> set[str]:
    return {source for of in built.counts[split].values() for source in of}


def test_a_source_held_out_must_be_there(folders: BuildOptions, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no picture is of the source held out: h3"):
        build(replace(folders, hold_out=("h3", "h1")), tmp_path / "built")


def corpus_of(folder: Path, splits: dict[int, str]) -> Path:
    """A corpus with a manifest: one picture a seed, human."""
    folder.mkdir()
    items = []
    for seed, split in splits.items():
        path = folder / f"{seed}.png"
        scene(seed, 600, 500).save(path)
        items.append(
            Item(f"p{seed}", path, False, "src", "human", "general", split, group=f"g{seed}",
                 licence="MIT", date="2020-01-01", origin="npm:x==1", origin_path="x.png",
                 generator="none", sha256=f"{seed:064}")
        )  # fmt: skip
    write_manifest(items, folder)
    return folder


def test_a_manifest_s_facts_are_kept(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path / "c", {1: "train", 2: "test_unseen"})
    built = build(BuildOptions(corpora=(folder,)), tmp_path / "built")
    before, after = load_corpus(folder).items, load_corpus(built.folder).items
    for old, new in zip(before, after, strict=True):
        same = replace(new, path=old.path, offset=None, size=None, width=0, height=0)
        assert same == old
        assert (new.width, new.height) == (384, 320)


def test_what_is_near_a_protected_picture_is_left_out(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path / "c", {1: "train", 2: "val", 3: "test_unseen"})
    (tmp_path / "more").mkdir()
    for seed in (1, 2, 3, 4):
        scene(seed, 420, 350).save(tmp_path / "more" / f"{seed}.png")
    options = BuildOptions(corpora=(folder,), human=(tmp_path / "more",))
    built = build(options, tmp_path / "built")
    assert left_out(built.folder) == {
        "2.png": ("near-duplicate of a protected picture", "p2 stands in val"),
        "3.png": ("near-duplicate of a protected picture", "p3 stands in test_unseen"),
    }
    items = by_path(load_corpus(built.folder).items)
    assert items["1.png"].split == "train"
    assert items["4.png"].split == "train"


def test_a_manifest_whose_file_is_missing(tmp_path: Path) -> None:
    folder = corpus_of(tmp_path / "c", {1: "train", 2: "val"})
    (folder / "1.png").unlink()
    built = build(BuildOptions(corpora=(folder,)), tmp_path / "built")
    assert left_out(built.folder) == {"p1": ("unreadable", "FileNotFound: no such file")}


def test_two_splits_of_the_shared_corpus_are_built_unchanged(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    lines = (shared / "corpus" / "manifest.csv").read_text(encoding="utf-8").splitlines(True)
    chosen = [line for line in lines if ",test_seen," in line or ",val," in line]
    (tmp_path / "c" / "manifest.csv").write_text("".join([lines[0], *chosen]), encoding="utf-8")
    for split in ("val", "test_seen"):
        (tmp_path / "c" / split).symlink_to(shared / "corpus" / split)
    corpus = load_corpus(tmp_path / "c")
    built = build(BuildOptions(corpora=(tmp_path / "c",)), tmp_path / "built")
    assert left_out_counts(built.folder) == {}
    assert (built.size("val"), built.size("test_seen")) == (367, 325)
    after = load_corpus(built.folder).items
    for old, new in zip(corpus.items, after, strict=True):
        assert replace(new, path=old.path, offset=None, size=None) == old
        assert new.read() == old.read()
