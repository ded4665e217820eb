"""Every error that tegaki raises on purpose.

TegakiError
├── PictureError               one file cannot be judged: becomes a row, never stops a scan
│   ├── FileNotFound           nothing there, or a symlink that points to nothing
│   ├── SymlinkLoop            a symlink that leads back to itself or to a folder above it
│   ├── PermissionDenied
│   ├── IsAFolder
│   ├── NotARegularFile        FIFO, socket, device
│   ├── UnreadableFile         the system reported another error while reading
│   ├── FileTooLarge           more bytes than the limit
│   ├── EmptyFile
│   ├── NotAPicture            no known picture format
│   ├── TruncatedPicture       the data end too early
│   ├── CorruptPicture         the data contradict themselves
│   ├── UnsupportedPicture     a real picture of a kind that cannot be turned into 8-bit RGB
│   ├── TooManyPixels          larger than the pixel limit
│   ├── TooSmall               too small to judge
│   ├── BlankPicture           one flat colour: nothing to judge
│   ├── TimedOut               of many files, one that took longer than the limit
│   ├── BrokenArchive          an archive, or something in it, is damaged or of a kind not read
│   ├── EncryptedArchive       an archive, or a part of it, needs a password
│   └── ArchiveBomb            an archive holds far more than its size allows
├── InputError                 what was handed in is nothing that can be inspected
├── BundleError                a model bundle is missing, damaged or of another version
├── CorpusError                a corpus is missing, or its manifest is damaged
├── TrainingError              a training run cannot be started or resumed as asked
├── AnchorsError               certificates to trust are damaged, or none
├── OutputError                results cannot be written as asked
├── ClusterError               a cluster scan cannot be started, resumed or finished as asked
├── StoreError                 the store cannot be opened, read or written
├── MissingLibrary             a library of the core has no build for this platform
└── MissingExtra               an optional part is not installed
"""

from __future__ import annotations


class TegakiError(Exception):
    """Base of all. The message says what happened and what to do next."""


class PictureError(TegakiError):
    """One file cannot be judged. ``type(error).__name__`` is the row's ``error.type``."""


class FileNotFound(PictureError):
    """Nothing stands at this path."""


class SymlinkLoop(PictureError):
    """A symlink leads back to itself, or to a folder above it."""


class PermissionDenied(PictureError):
    """The file's or folder's permissions forbid reading it."""


class IsAFolder(PictureError):
    """A folder where a file was expected."""


class NotARegularFile(PictureError):
    """A FIFO, a socket or a device: reading it could wait for ever."""


class UnreadableFile(PictureError):
    """The operating system reported an error while the file was read."""


class FileTooLarge(PictureError):
    """The file has more bytes than the limit."""


class EmptyFile(PictureError):
    """The file has no bytes."""


class NotAPicture(PictureError):
    """The first bytes are those of no known picture format."""


class TruncatedPicture(PictureError):
    """The picture's data end too early."""


class CorruptPicture(PictureError):
    """The picture's data are damaged."""


class UnsupportedPicture(PictureError):
    """A picture of a kind that has no defined 8-bit RGB form here."""


class TooManyPixels(PictureError):
    """Width times height is over the limit."""


class TooSmall(PictureError):
    """The short side is under the limit: too small to judge."""


class BlankPicture(PictureError):
    """The picture is one flat colour."""


class TimedOut(PictureError):
    """Reading or judging it took longer than it may: a server does not answer, for instance."""


class BrokenArchive(PictureError):
    """An archive, or something in it, is damaged or packed in a way that is not read."""


class EncryptedArchive(PictureError):
    """An archive, or something in it, needs a password."""


class ArchiveBomb(PictureError):
    """An archive would inflate to far more than its size, or never end."""


class InputError(TegakiError, TypeError):
    """What a program handed in is nothing that can be inspected: a mistake of the program, and the
    only thing that :meth:`tegaki.Detector.inspect` raises."""


class BundleError(TegakiError):
    """A model bundle is missing, damaged, or made for another version."""


class CorpusError(TegakiError):
    """A corpus is missing, or its manifest is damaged."""


class TrainingError(TegakiError):
    """A training run cannot be started or resumed as asked."""


class AnchorsError(TegakiError):
    """Certificates to trust are damaged, or there are none."""


class OutputError(TegakiError):
    """Results cannot be written as asked."""


class ClusterError(TegakiError):
    """A cluster scan cannot be started, resumed or finished; what was committed is kept."""


class StoreError(TegakiError):
    """The store cannot be opened, read or written; what was committed before is kept."""


class MissingLibrary(TegakiError):
    """A library that the core needs for one task is not installed: some have no build for every
    platform.

    Args:
        what: what needs it, as the subject of a sentence ("reading a C2PA manifest").
        library: its name on PyPI.
    """

    def __init__(self, what: str, library: str) -> None:
        super().__init__(what, library)
        self.what, self.library = what, library

    def __str__(self) -> str:
        return f"{self.what} needs {self.library}, which is not installed"


class MissingExtra(TegakiError):
    """An optional part is not installed.

    Args:
        what: what needs it, as the subject of a sentence ("writing Parquet").
        extra: the name of the extra that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(what, extra)
        self.what, self.extra = what, extra

    def __str__(self) -> str:
        return f"{self.what} needs the extra tegaki[{self.extra}]"
