"""Shards and manifests: what is written is what is read, and damage is named."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tegaki.errors import CorpusError, OutputError
from tegaki.lab.corpus import Item, Original, ShardSet, load_corpus, load_shards, write_manifest
from tegaki.lab.corpus.build import build_from_items
from tegaki.lab.corpus.shards import mixed, read_shard, write_shards
from tests.lab.scenes import contents, scene

ORIGINAL = Original("JPEG", 800, 600, 12345, "RGB", 86, False)


def items(count: int = 12) -> list[tuple[Item, bytes]]:
    """Items with made-up bytes, in the order of shards: train and val, both labels."""
    made = {
        f"id{k:02}": Item(
            id=f"id{k:02}",
            path=Path("nowhere"),
            generated=k % 2 == 1,
            source=f"source {k % 3}",
            family="sdxl" if k % 2 else "human",
            style="anime",
            split="train" if k % 4 else "val",
            sha256="0" * 64,
            group=str(k),
            width=320,
            height=400,
            licence='a "quoted", licence',
            origin_path="絵/a\rb\nc.png",
            original=ORIGINAL if k % 2 else None,
        )
        for k in range(count)
    }
    return [(item, item.id.encode() * 200) for item in mixed(made.values())]


@pytest.fixture
def shards(tmp_path: Path) -> ShardSet:
    return write_shards(items(), tmp_path / "shards", shard_bytes=8192)


def test_a_stream_gives_what_was_written(shards: ShardSet) -> None:
    assert len(shards.shards["train"]) > 1
    for split, count in (("train", 9), ("val", 3), ("test_seen", 0)):
        streamed = list(shards.stream(split))
        written = [(item, data) for item, data in items() if item.split == split]
        assert shards.size(split) == len(streamed) == count
        assert [(s.id, s.data, s.generated, s.source, s.family) for s in streamed] == [
            (i.id, data, i.generated, i.source, i.family) for i, data in written
        ]


def test_shards_can_be_read_in_any_order(shards: ShardSet) -> None:
    count = len(shards.shards["train"])
    backwards = [s.id for s in shards.stream("train", reversed(range(count)))]
    assert backwards != [s.id for s in shards.stream("train")]
    assert sorted(backwards) == sorted(s.id for s in shards.stream("train"))


def test_a_picture_can_be_read_from_inside_its_shard(shards: ShardSet) -> None:
    corpus = load_corpus(shards.folder)
    assert corpus.manifest_sha256 == shards.manifest_sha256
    assert {item.id: item.read() for item in corpus.items} == {i.id: data for i, data in items()}


def test_facts_survive(shards: ShardSet) -> None:
    written = {item.id: item for item, _ in items()}
    for item in load_corpus(shards.folder).items:
        placed = replace(item, path=Path("nowhere"), offset=None, size=None)
        assert placed == written[item.id]


def test_counts(shards: ShardSet) -> None:
    assert shards.counts["val"] == {"human": {"source 0": 1, "source 1": 1, "source 2": 1}}
    assert shards.families == {"train": {"sdxl": 6}}
    assert load_shards(shards.folder) == shards


def test_other_tools_can_read_them(shards: ShardSet) -> None:
    """The layout of WebDataset: files of one picture stand together and share a name."""
    with tarfile.open(shards.folder / "val-00000.tar") as tar:
        names = tar.getnames()
        facts = json.load(tar.extractfile(names[1]) or io.BytesIO())
    assert [Path(name).suffix for name in names] == [".jpg", ".json"] * 3
    assert all(a[:-4] == b[:-5] for a, b in zip(names[::2], names[1::2], strict=True))
    assert facts["label"] == "human"


def test_the_same_pictures_give_the_same_bytes(shards: ShardSet, tmp_path: Path) -> None:
    again = write_shards(items(), tmp_path / "again", shard_bytes=8192)
    assert contents(again) == contents(shards)
    plain = json.loads((shards.folder / "shards.json").read_text())
    for name, sha256 in plain["sha256"].items():
        assert hashlib.sha256((shards.folder / name).read_bytes()).hexdigest() == sha256


def test_the_order_is_drawn_and_does_not_depend_on_the_input() -> None:
    order = [item.id for item, _ in items()]
    assert order != sorted(order)
    assert [item.id for item in mixed(item for item, _ in reversed(items()))] == order
    assert [item.split for item, _ in items()] == ["train"] * 9 + ["val"] * 3


def test_shards_are_not_written_over(shards: ShardSet) -> None:
    with pytest.raises(CorpusError, match="holds shards already"):
        write_shards(items(), shards.folder)


# ---- damage ------------------------------------------------------------------------------------


def read_all(shards: ShardSet) -> int:
    return sum(1 for _ in shards.stream("val"))


@pytest.mark.parametrize("kept", [0, 100, 512, 700, 1024, 2048, 5000, 5120])
def test_a_shard_that_ends_early(shards: ShardSet, kept: int) -> None:
    path = shards.folder / "val-00000.tar"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CorpusError, match=r"val-00000\.tar (is damaged|cannot be read)"):
        read_all(shards)


def test_every_header_of_a_shard_matters(shards: ShardSet) -> None:
    path = shards.folder / "val-00000.tar"
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        headers = [member.offset for member in tar]
    assert len(headers) == 6
    for offset in headers:
        path.write_bytes(whole[:offset] + b"\xff" + whole[offset + 1 :])
        with pytest.raises(CorpusError, match=r"is damaged|cannot be read as a shard"):
            read_all(shards)


@pytest.mark.parametrize("place", [600, 5000, -1], ids=["picture", "facts", "after the end"])
def test_a_byte_that_tar_does_not_look_at(shards: ShardSet, place: int) -> None:
    """A whole pass is checked, the padding too, and the cure is named."""
    path = shards.folder / "val-00000.tar"
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorpusError, match=r"val-00000\.tar is damaged: its SHA-256 .* build the"):
        read_all(shards)


def test_more_than_the_shard_is_damage(shards: ShardSet) -> None:
    with (shards.folder / "val-00000.tar").open("ab") as stream:
        stream.write(bytes(300_000))
    with pytest.raises(CorpusError, match="is damaged"):
        read_all(shards)


def test_who_stops_early_is_told_nothing(shards: ShardSet) -> None:
    path = shards.folder / "val-00000.tar"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    stream = shards.stream("val")
    assert next(stream).data
    stream.close()  # type: ignore[attr-defined]


def test_a_shard_without_a_hash_is_refused(shards: ShardSet) -> None:
    path = shards.folder / "shards.json"
    plain = json.loads(path.read_text())
    del plain["sha256"]["val-00000.tar"]
    path.write_text(json.dumps(plain))
    with pytest.raises(CorpusError, match=r"shards\.json cannot be read: 'val-00000\.tar'"):
        load_shards(shards.folder)


@pytest.mark.parametrize("facts", [b"[]", b"{}", b"no JSON", b'"text"'])
def test_facts_that_are_none(tmp_path: Path, facts: bytes) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("a.json")
        member.size = len(facts)
        tar.addfile(member, io.BytesIO(facts))
    with pytest.raises(CorpusError, match="cannot be read as a shard"):
        list(read_shard(path, hashlib.sha256(path.read_bytes()).hexdigest()))


def test_a_missing_shard(shards: ShardSet) -> None:
    (shards.folder / "val-00000.tar").unlink()
    with pytest.raises(CorpusError, match="No such file"):
        list(shards.stream("val"))
    item = next(i for i in load_corpus(shards.folder).items if i.split == "val")
    with pytest.raises(CorpusError, match="No such file"):
        item.read()


def test_another_manifest_is_refused(shards: ShardSet) -> None:
    """Training reads shards, measuring reads the manifest: both must be of one set."""
    path = shards.folder / "manifest.csv"
    path.write_bytes(path.read_bytes().replace(b",val,", b",test_seen,", 1))
    with pytest.raises(CorpusError, match="is not the one that the shards were written with"):
        load_shards(shards.folder)
    path.unlink()
    with pytest.raises(CorpusError, match=r"manifest\.csv cannot be read: No such file"):
        load_shards(shards.folder)


def test_no_shards(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="it has no shards"):
        load_shards(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "shards": 5}'])
def test_damaged_shards_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "shards.json").write_text(text)
    with pytest.raises(CorpusError, match=r"shards\.json"):
        load_shards(tmp_path)


# ---- manifests ---------------------------------------------------------------------------------


def test_one_data_set_is_one_manifest(tmp_path: Path) -> None:
    placed = [replace(item, path=tmp_path / f"{item.id}.jpg") for item, _ in items()]
    sha256 = write_manifest(placed, tmp_path)
    data = (tmp_path / "manifest.csv").read_bytes()
    assert hashlib.sha256(data).hexdigest() == sha256 == write_manifest(placed[::-1], tmp_path)
    read = load_corpus(tmp_path).items
    assert sorted(read, key=lambda i: (i.split, i.label, i.source, i.id)) == list(read)
    assert set(read) == set(placed)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b",320,", b",wide,"), (b",orig_width,", b",another,"), (b",JPEG,800,", b",JPEG,,")],
    ids=["a word for a number", "no column", "no number"],
)
def test_a_damaged_manifest(shards: ShardSet, old: bytes, new: bytes) -> None:
    manifest = shards.folder / "manifest.csv"
    manifest.write_bytes(manifest.read_bytes().replace(old, new))
    with pytest.raises(CorpusError, match=r"manifest\.csv: a cell is missing or no number"):
        load_corpus(shards.folder)


# ---- items to shards, as they are --------------------------------------------------------------


def saved(folder: Path, count: int) -> list[Item]:
    made = []
    for k in range(count):
        path = folder / f"{k}.png"
        scene(k % 2, 700, 500).save(path)
        generated = k % 2 == 1
        made.append(Item(f"p{k}", path, generated, "s", "f", "anime", "val", group=str(k)))
    return made


def test_items_are_taken_as_they_are(tmp_path: Path) -> None:
    """Duplicates of a protocol's own making stay; pictures are brought into the normal form."""
    told: list[tuple[str, int, int]] = []
    built = build_from_items(saved(tmp_path, 4), tmp_path / "s", lambda *what: told.append(what))
    read = load_corpus(tmp_path / "s").items
    assert {item.id for item in read} == {"p0", "p1", "p2", "p3"}
    assert {(item.width, item.height) for item in read} == {(448, 320)}
    assert told == [("write", k, 4) for k in range(1, 5)]
    again = build_from_items(read, tmp_path / "again")
    assert contents(again) == contents(built)


def test_an_item_that_cannot_be_read_stops_it(tmp_path: Path) -> None:
    made = saved(tmp_path, 2)
    made[1].path.write_bytes(b"\x89PNG\r\n\x1a\n no more of it, however long it may be")
    with pytest.raises(CorpusError, match="picture p1 cannot be read"):
        build_from_items(made, tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("name", ["../x", "a.b", "", "a/b", "x" * 81])
def test_ids_must_be_names(tmp_path: Path, name: str) -> None:
    made = [replace(item, id=name) for item in saved(tmp_path, 1)]
    with pytest.raises(CorpusError, match="letters, digits"):
        build_from_items(made, tmp_path / "s")


def test_ids_must_differ(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="'p0' stands for 2 pictures"):
        build_from_items(saved(tmp_path, 1) * 2, tmp_path / "s")


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    made = saved(tmp_path, 2)
    with pytest.raises(OutputError, match="is not an empty folder"):
        build_from_items(made, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png"]


def test_the_shared_corpus_is_copied_byte_for_byte(shared: Path, tmp_path: Path) -> None:
    corpus = load_corpus(shared / "corpus")
    build_from_items(corpus.items, tmp_path / "s")
    built = load_corpus(tmp_path / "s").items
    assert len(built) == 4020
    for before, after in zip(corpus.items, built, strict=True):
        assert after.read() == before.read()
        assert replace(after, path=before.path, offset=None, size=None) == before
