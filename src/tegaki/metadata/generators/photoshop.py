"""Photoshop's record of what was done to a picture: generative fill, and steps of Adobe Firefly.

Such a record is text, survives when the filled part is painted over or removed, and is no proof of
what the picture shows now: a hint. Photoshop writes it in two places: events with the program that
did each (XMP part 2, ResourceEvent), and, where its history log is switched on, the commands by
their names in the language of the program; the English ones are known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tegaki.metadata.generators.evidence import Evidence
from tegaki.results.claim import Claim

_EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_HISTORY = (("History",), ("xmpmeta", "History"), ("xapmeta", "History"))
"""What stands above an event of the picture itself; an ingredient's history stands deeper."""
_FIREFLY = re.compile(r"Adobe Firefly\b")
_COMMAND = re.compile(
    r"^[ \t]*(Generative (?:Fill|Expand)|Generate (?:Image|Background))[ \t\r]*$", re.MULTILINE
)
_EVENT_NOTE = "Its history names Adobe Firefly, and not what is left of it."
_LOG_NOTE = "Its history log has a generative command, and not what is left of it."


def find(evidence: Evidence) -> Iterator[Claim]:
    for found in evidence.marks.xmp:
        event = (found.namespace, found.name) == (_EVENT, "softwareAgent")
        if event and found.parents in _HISTORY and _FIREFLY.match(found.value):
            yield Claim(
                "Adobe Firefly", "XMP history", "edited-with-ai", "hint", found.place, _EVENT_NOTE
            )
            break
    for found in evidence.xmp(_PHOTOSHOP, "History"):
        command = _COMMAND.search(found.value)
        if command is not None:
            yield Claim(
                "Adobe Photoshop", "Photoshop history log", "edited-with-ai", "hint", found.place,
                _LOG_NOTE, details=(("command", command[1]),),
            )  # fmt: skip
            break
