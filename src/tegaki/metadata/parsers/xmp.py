"""XMP packets (part 1, RDF in XML; part 3, where they stand): their properties, by namespace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from tegaki.metadata.findings import Blob, Findings
from tegaki.metadata.marks import Property
from tegaki.results.claim import Location

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XML = "http://www.w3.org/XML/1998/namespace"
_META = "adobe:ns:meta/"
_ABOUT = (RDF, "about")
_PACKET_SPACE = "\ufeff\0 \t\r\n"


_Pairs = list[tuple[str, str]]


class _Refused(Exception):
    """The packet is not read at all, for the reason given."""


class _Enough(Exception):
    """The limit of fields is passed: what was found stays."""


def read(blob: Blob, found: Findings) -> None:
    """Read one packet. One that is not well-formed, too deep or has a DOCTYPE gives nothing."""
    if len(blob.data) > found.limits.text:
        found.note(f"{blob.place.path} is too long and was left out.")
        return
    handler = _Handler(blob.place, found)
    try:
        handler.parse(_unicode(bytes(blob.data)))
    except _Enough:
        pass
    except _Refused as reason:
        found.note(f"{blob.place.path} {reason} and was left out.")
        return
    except expat.ExpatError:
        found.note(f"{blob.place.path} is not well-formed XML and was left out.")
        return
    found.xmp.extend(handler.properties)


def _unicode(raw: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32, told by its first character: ``<``, or a byte order mark."""
    codecs = {
        b"\0\0\0<": "utf-32-be",
        b"\0\0\xfe\xff": "utf-32-be",
        b"<\0\0\0": "utf-32-le",
        b"\xff\xfe\0\0": "utf-32-le",
        b"\0<": "utf-16-be",
        b"\xfe\xff": "utf-16-be",
        b"<\0": "utf-16-le",
        b"\xff\xfe": "utf-16-le",
    }
    codec = codecs.get(raw[:4]) or codecs.get(raw[:2], "utf-8")
    return raw.decode(codec, "replace").strip(_PACKET_SPACE)


@dataclass(slots=True)
class _Element:
    """An element that is open. ``parents``: of what stands directly in it."""

    namespace: str
    name: str
    bindings: dict[str, str]
    parents: tuple[str, ...]
    in_rdf: bool
    owner: _Element | None
    leaf: bool = True
    text: list[str] = field(default_factory=list)


class _Handler:
    """Expat's handlers. Prefixes are resolved here and not by expat.

    Expat would copy the namespace's name for every element and attribute: a long one, used often,
    makes a small packet cost gigabytes.
    """

    def __init__(self, place: Location, found: Findings) -> None:
        self.place = place
        self.found = found
        self.properties: list[Property] = []
        self.open: list[_Element] = []
        self.about = ""

    def parse(self, packet: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._characters
        parser.EndElementHandler = self._end
        parser.Parse(packet, True)

    def _start(self, qualified: str, attributes: list[str]) -> None:
        self._count()
        if len(self.open) >= self.found.limits.depth:
            raise _Refused("is too deep")
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        above = self.open[-1] if self.open else None
        bindings = {name[6:]: uri for name, uri in pairs if name == "xmlns" or name[:6] == "xmlns:"}
        element = _Element("", "", bindings, (), False, None)
        self.open.append(element)
        element.namespace, element.name = self._resolve(qualified)
        self._place_below(element, above, pairs)
        for name, value in pairs:
            if name != "xmlns" and name[:6] != "xmlns:":
                self._attribute(element, name, value)

    def _place_below(self, element: _Element, above: _Element | None, attributes: _Pairs) -> None:
        """What the element is to the ones above it: a property, an item, or syntax."""
        own = element.namespace != RDF
        if above is not None:
            above.leaf = False
            element.parents = above.parents
            element.in_rdf = above.in_rdf
            element.owner = above.owner
        if own:
            element.parents = (*element.parents, element.name)
            element.owner = element
        if not own and element.name == "RDF":
            element.in_rdf = above is None or above.namespace != RDF
            element.owner = None
        elif above is not None and (above.namespace, above.name) == (RDF, "RDF") and above.in_rdf:
            element.in_rdf = self._is_of_this_picture(element, attributes)

    def _is_of_this_picture(self, element: _Element, attributes: _Pairs) -> bool:
        """Whether an element directly in rdf:RDF says something of the picture.

        XMP part 1, 7.4: it is an rdf:Description, and all of a packet have the same rdf:about. It
        may be empty or any address (Windows writes one and the same for every picture), so that a
        packet cannot be told from another picture's; two in one packet can, and the first counts,
        as for Adobe's XMP Toolkit.
        """
        if (element.namespace, element.name) != (RDF, "Description"):
            return False
        about = next((v for n, v in attributes if self._resolve(n, attribute=True) == _ABOUT), "")
        self.about = self.about or about
        if about in ("", self.about):
            return True
        self.found.note(f"{self.place.path} says something of another picture; it was left out.")
        return False

    def _attribute(self, element: _Element, qualified: str, value: str) -> None:
        """A property written short; rdf:resource and rdf:value are the element's own value."""
        self._count()
        namespace, name = self._resolve(qualified, attribute=True)
        if namespace == RDF and name in ("resource", "value") and element.owner is not None:
            element.leaf = False
            self._own_value(element.owner, value)
        elif namespace in (RDF, XML, ""):
            return
        elif element.in_rdf or namespace == element.namespace == _META:
            element.leaf = False
            self._keep(namespace, name, value, element.parents)

    def _characters(self, text: str) -> None:
        self.open[-1].text.append(text)

    def _end(self, _: str) -> None:
        element = self.open.pop()
        item = element.namespace == RDF and element.name in ("li", "value")
        if element.leaf and element.owner is not None and (item or element.owner is element):
            self._own_value(element.owner, "".join(element.text))

    def _own_value(self, owner: _Element, value: str) -> None:
        if owner.in_rdf:
            self._keep(owner.namespace, owner.name, value, owner.parents[:-1])

    def _keep(self, namespace: str, name: str, value: str, parents: tuple[str, ...]) -> None:
        self.properties.append(Property(namespace, name, value.strip(), parents, self.place))

    def _count(self) -> None:
        if not self.found.next_field():
            raise _Enough

    def _resolve(self, qualified: str, attribute: bool = False) -> tuple[str, str]:
        """The namespace and local name (Namespaces in XML 1.0, sections 4 and 5)."""
        prefix, colon, name = qualified.rpartition(":")
        if prefix == "xml":
            return XML, name
        if attribute and not colon:  # 6.2: the default namespace is not an attribute's
            return "", name
        for element in reversed(self.open):
            if prefix in element.bindings:
                return element.bindings[prefix], name
        return "", name


def _refuse_doctype(*_: object) -> NoReturn:
    raise _Refused("has a DOCTYPE")
