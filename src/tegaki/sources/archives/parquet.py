"""Pictures in Parquet files: columns of bytes, or of structs with bytes, as Hugging Face has them.

Needs the extra ``tegaki[parquet]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from tegaki.errors import (
    ArchiveBomb,
    BrokenArchive,
    EmptyFile,
    EncryptedArchive,
    FileNotFound,
    MissingExtra,
    NotAPicture,
    UnreadableFile,
)
from tegaki.imaging import open_file, too_large
from tegaki.sources.archives.member import (
    InflationBudget,
    Member,
    buffered_member,
    stored_name,
    translate_errors,
    unreadable_member,
)

_BUFFER = 1 << 20
_PAGE_SLACK, _PAGE_RATIO = 1 << 26, 100


def parquet_members(path: str, max_bytes: int) -> Iterator[Member]:
    """See :func:`tegaki.sources.archives.members`. Values are read as they come up; a member's name
    is its column, the number of its row from 0, and the path in the struct if there is one."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as problem:
        raise UnreadableFile(str(MissingExtra("reading Parquet", "parquet"))) from problem
    with open_file(path) as file, translate_errors(path):
        size = _checked(file)
        try:
            opened = pyarrow.parquet.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
            yield from _members(opened, InflationBudget(size), max_bytes)
        except (pyarrow.ArrowException, UnicodeDecodeError) as problem:
            raise BrokenArchive(f"the Parquet file is damaged: {_first_line(problem)}") from problem
        except OSError as problem:
            if problem.errno is not None:  # the system's, not the format's
                raise
            raise BrokenArchive(f"the Parquet file is damaged: {_first_line(problem)}") from problem


def _first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]


def _checked(file: BinaryIO) -> int:
    """The file's size."""
    head = file.read(4)
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise EmptyFile("the file is empty")
    if head == b"PARE":
        raise EncryptedArchive("the Parquet file is encrypted; decrypt it to have it scanned")
    return size


def _members(opened: Any, budget: InflationBudget, max_bytes: int) -> Iterator[Member]:
    columns = _columns(opened.schema_arrow)
    if not columns:
        raise NotAPicture("a Parquet file without a column of pictures")
    _check_pages(opened.metadata, columns)
    row = 0
    # One row at a time: a dictionary may hold one large value that every row repeats.
    for batch in opened.iter_batches(batch_size=1, columns=columns, use_threads=False):
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            for at, value in enumerate(values):
                if value.is_valid:
                    snapshot = b"%s/%d" % (column.encode(), row + at)
                    yield _member(snapshot, value, budget, max_bytes)
        row += batch.num_rows


def _columns(schema: Any) -> list[str]:
    """Structs with bytes; where there are none, columns of bytes."""
    structs = [field.name for field in schema if _has_bytes(field.type)]
    return structs or [field.name for field in schema if _is_bytes(field.type)]


def _has_bytes(kind: Any) -> bool:
    from pyarrow import types

    return types.is_struct(kind) and any(
        field.name == "bytes" and _is_bytes(field.type) for field in kind
    )


def _is_bytes(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _check_pages(metadata: Any, columns: list[str]) -> None:
    """A part of a column is inflated at once."""
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for part in map(group.column, range(group.num_columns)):
            if part.path_in_schema.partition(".")[0] not in columns:
                continue
            most = _PAGE_SLACK + _PAGE_RATIO * part.total_compressed_size
            if part.total_uncompressed_size > most:
                raise ArchiveBomb(f"inflates to {part.total_uncompressed_size:,} bytes at once")


def _member(snapshot: bytes, value: Any, budget: InflationBudget, max_bytes: int) -> Member:
    path = None
    if hasattr(value, "items"):  # a struct
        path = value["path"].as_py() if "path" in value else None
        value = value["bytes"]
    name = stored_name(snapshot if path is None else b"%s/%s" % (snapshot, _encoded(path)))
    if not value.is_valid:
        return unreadable_member(name, FileNotFound("the row has a path and no bytes"))
    data = value.as_buffer()
    if data.size > max_bytes:
        return unreadable_member(name, too_large(data.size, max_bytes))
    budget.spend(data.size)
    return buffered_member(name, data.to_pybytes())


def _encoded(path: object) -> bytes:
    return path if isinstance(path, bytes) else str(path).encode()
