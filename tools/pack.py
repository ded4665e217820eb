"""Packs results that stand as plain files into the compressed files that git holds.

    python -m tools.pack

Each folder of FOLDERS is packed into the zip archive beside it and removed. Files of the folder
replace those of the same name in the archive, which keeps its others. To add a file, put it into
the folder and pack. To delete one, unpack the archive (``python -m zipfile -e runs.zip runs``),
delete the archive and the file, and pack. In docs/evaluation, each predictions.csv becomes
predictions.csv.gz, and the report names it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tegaki.lab.evaluation.report import (
    PLAIN_PREDICTIONS,
    PREDICTIONS,
    read_report,
    save_report,
)
from tegaki.utils.packed import archive_of, read_zip, write_gzip, write_zip

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs/ablation/cells", "docs/runs", "tests/metadata/fuzz_corpus")


def unpacked(root: Path) -> list[Path]:
    """What stands as plain files below the project's folder and has to be packed."""
    folders = [root / name for name in FOLDERS]
    plain = sorted((root / "docs" / "evaluation").glob(f"*/*/{PLAIN_PREDICTIONS}"))
    return [folder for folder in folders if folder.is_dir()] + plain


def pack_folder(folder: Path) -> None:
    """Add the files of a folder to the archive beside it, and remove the folder."""
    archive = archive_of(folder)
    members = read_zip(archive) if archive.exists() else {}
    for path in folder.rglob("*"):
        if path.is_file():
            members[path.relative_to(folder).as_posix()] = path.read_bytes()
    write_zip(archive, members)
    shutil.rmtree(folder)


def pack_predictions(path: Path) -> None:
    """Compress the predictions of a report, and name them so in the report."""
    report_path = path.with_name("report.json")
    report = read_report(report_path)
    if report["predictions"]["file"] == PLAIN_PREDICTIONS:
        write_gzip(path.with_name(PREDICTIONS), path.read_bytes())
        report["predictions"]["file"] = PREDICTIONS
        save_report(report, report_path)
    path.unlink()


def main(root: Path = ROOT) -> None:
    for path in unpacked(root):
        (pack_folder if path.is_dir() else pack_predictions)(path)
        print(f"packed {path.relative_to(root)}")


if __name__ == "__main__":
    main()
