from pathlib import Path

import pytest

from tegaki.errors import CorpusError, TegakiError
from tegaki.lab.corpus import load_corpus, load_shards
from tegaki.lab.evaluation.predictors import load_predictor
from tests.lab.little_corpus import write_corpus


def test_the_shared_corpus_is_what_its_notes_say(shared: Path) -> None:
    corpus = load_corpus(shared / "corpus")
    counts = {
        name: tuple(
            sum(i.generated is label for i in corpus.split(name)) for label in (False, True)
        )
        for name in ("train", "val", "test_seen", "test_unseen")
    }
    assert counts == {
        "train": (1156, 1117),
        "val": (193, 174),
        "test_seen": (174, 151),
        "test_unseen": (524, 531),
    }
    seen = {item.source for item in corpus.split("train")}
    assert not seen & {item.source for item in corpus.split("test_unseen")}


def test_a_little_corpus(tmp_path: Path) -> None:
    corpus = load_corpus(write_corpus(tmp_path))
    item = corpus.split("train")[0]
    assert item.path.exists()
    assert (item.generated, item.source) == (False, "h0")


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"manifest\.csv cannot be read: No such file"):
        load_corpus(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    """Said of the folder that was named, not of a file in it."""
    folder = tmp_path / "none"
    for load in (load_corpus, load_shards, load_predictor):
        with pytest.raises(TegakiError, match=r"none(: it)? does not exist") as told:
            load(folder)
        assert ".csv" not in str(told.value)
        assert ".json" not in str(told.value)


def test_missing_column(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("id,file,label\na,b,human\n")
    with pytest.raises(CorpusError, match="lacks rows or columns: source, family, style, split"):
        load_corpus(tmp_path)


@pytest.mark.parametrize(("column", "value"), [("label", "robot"), ("split", "exam")])
def test_unknown_label_or_split(tmp_path: Path, column: str, value: str) -> None:
    manifest = write_corpus(tmp_path) / "manifest.csv"
    text = manifest.read_text()
    old = {"label": ",human,", "split": ",val\n"}[column]
    manifest.write_text(text.replace("\r\n", "\n").replace(old, old[0] + value + old[-1], 1))
    with pytest.raises(CorpusError, match="unknown label or split"):
        load_corpus(tmp_path)


def test_a_split_needs_both_labels(tmp_path: Path) -> None:
    corpus = load_corpus(write_corpus(tmp_path))
    with pytest.raises(CorpusError, match="'nothing' of the corpus lacks pictures of one label"):
        corpus.split("nothing")
