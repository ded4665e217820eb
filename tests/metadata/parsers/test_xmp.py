"""XMP packets: properties by namespace, every way to write them, and what is refused."""

from __future__ import annotations

import time

import pytest

from tegaki.metadata.containers.survey import survey
from tegaki.metadata.limits import Limits
from tegaki.metadata.marks import Marks
from tests.metadata.bytes_made import png_text, png_with, xmp_packet

DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"
EVENT = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
META = ("xmpmeta",)


def marks_of(packet: str | bytes, limits: Limits | None = None) -> Marks:
    data = png_with([png_text("XML:com.adobe.xmp", packet, "iTXt")])
    return survey(data) if limits is None else survey(data, limits)


def values(packet: str | bytes) -> list[tuple[str, str, str, tuple[str, ...]]]:
    marks = marks_of(packet)
    assert marks.damage == ()
    return [(p.namespace, p.name, p.value, p.parents) for p in marks.xmp]


def test_attributes_and_elements_are_the_same() -> None:
    short = values(xmp_packet("", 'xmp:CreatorTool=" Krita "'))
    long = values(xmp_packet("<xmp:CreatorTool>\n Krita\n</xmp:CreatorTool>"))
    assert short == long == [(XMP, "CreatorTool", "Krita", META)]


@pytest.mark.parametrize("kind", ["Alt", "Seq", "Bag"])
def test_items_are_values_of_their_property(kind: str) -> None:
    items = '<rdf:li xml:lang="x-default">one</rdf:li><rdf:li>two</rdf:li><rdf:li/>'
    packet = xmp_packet(f"<dc:title><rdf:{kind}>{items}</rdf:{kind}></dc:title>")
    assert values(packet) == [
        (DC, "title", "one", META),
        (DC, "title", "two", META),
        (DC, "title", "", META),
    ]


def test_structures_name_their_parents() -> None:
    inner = '<rdf:li stEvt:action="saved" stEvt:parameters="to image/png"/>'
    packet = xmp_packet(
        f"<dc:History><rdf:Seq>{inner}<rdf:li rdf:parseType='Resource'>"
        "<stEvt:action>created</stEvt:action></rdf:li></rdf:Seq></dc:History>"
        '<dc:source><rdf:Description stEvt:when="now"><dc:type>x</dc:type></rdf:Description>'
        "</dc:source>"
    )
    assert values(packet) == [
        (EVENT, "action", "saved", (*META, "History")),
        (EVENT, "parameters", "to image/png", (*META, "History")),
        (EVENT, "action", "created", (*META, "History")),
        (EVENT, "when", "now", (*META, "source")),
        (DC, "type", "x", (*META, "source")),
    ]


def test_resources_and_qualified_values() -> None:
    packet = xmp_packet(
        '<dc:source rdf:resource="http://a/b"/>'
        "<dc:type><rdf:Description><rdf:value>v</rdf:value><stEvt:by>q</stEvt:by>"
        "</rdf:Description></dc:type>"
    )
    assert values(packet) == [
        (DC, "source", "http://a/b", META),
        (DC, "type", "v", META),
        (EVENT, "by", "q", (*META, "type")),
    ]


def test_namespaces_count_and_prefixes_do_not() -> None:
    for prefix in ("Iptc4xmpExt", "iptcExt", "a"):
        packet = xmp_packet("", f'xmlns:{prefix}="{IPTC_EXT}" {prefix}:DigitalSourceType="code"')
        assert values(packet) == [(IPTC_EXT, "DigitalSourceType", "code", META)]
    rebound = f'<dc:a xmlns:dc="urn:other">1</dc:a><b xmlns="{DC}">2</b><dc:c>3</dc:c>'
    assert values(xmp_packet(rebound)) == [
        ("urn:other", "a", "1", META),
        (DC, "b", "2", META),
        (DC, "c", "3", META),
    ]


def test_a_prefix_that_is_not_bound_has_no_namespace() -> None:
    assert values(xmp_packet("<no:a>1</no:a>", 'no:b="2"')) == [("", "a", "1", META)]


def test_the_toolkit_is_kept_and_what_is_outside_rdf_is_not() -> None:
    packet = xmp_packet("").replace(
        '"adobe:ns:meta/">', f'"adobe:ns:meta/" x:xmptk="T"><a xmlns="{DC}" q="1">no</a>'
    )
    assert values(packet) == [("adobe:ns:meta/", "xmptk", "T", META)]
    assert values("<svg><title>text</title></svg>") == []


WRAPPED = '"adobe:ns:meta/">'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WRAPPED, WRAPPED[:-1] + f' xmlns:i="{IPTC_EXT}" i:DigitalSourceType="outside">'),
        (
            "<rdf:Description",
            f'<a xmlns="{DC}" xmlns:i="{IPTC_EXT}" i:Type="1">2</a><rdf:Description',
        ),
        (
            "</rdf:RDF>",
            f'<i:Type xmlns:i="{IPTC_EXT}"><rdf:Description i:Type="1"/></i:Type></rdf:RDF>',
        ),
        ("</rdf:RDF>", '<rdf:RDF><rdf:Description dc:a="1" xmlns:dc="b"/></rdf:RDF></rdf:RDF>'),
    ],
    ids=["the packet's attribute", "beside a description", "another node", "RDF in RDF"],
)
def test_only_a_description_says_something_of_the_picture(old: str, new: str) -> None:
    """XMP part 1, 7.4: rdf:RDF holds rdf:Description elements, which hold the properties."""
    packet = xmp_packet("", 'xmp:CreatorTool="Krita"').replace(old, new, 1)
    assert values(packet) == [(XMP, "CreatorTool", "Krita", META)]


def _about(*names: str) -> str:
    inner = "".join(
        f'<rdf:Description rdf:about="{name}" xmlns:d="{DC}" d:source="{number}"/>'
        for number, name in enumerate(names)
    )
    return xmp_packet("").replace("</rdf:RDF>", inner + "</rdf:RDF>")


@pytest.mark.parametrize("name", ["", "uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b"])
def test_a_packet_names_its_picture_as_it_likes(name: str) -> None:
    """Windows gives all pictures one and the same name."""
    assert [value for _, _, value, _ in values(_about(name, name, ""))] == ["0", "1", "2"]


def test_what_is_said_of_a_second_picture_is_left_out() -> None:
    marks = marks_of(_about("uuid:this", "uuid:another", "", "uuid:this"))
    assert [p.value for p in marks.xmp] == ["0", "2", "3"]
    assert marks.damage == (
        "PNG iTXt XML:com.adobe.xmp says something of another picture; it was left out.",
    )


def test_a_packet_without_its_wrapping() -> None:
    rdf = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    packet = f'<rdf:RDF {rdf}><rdf:Description xmlns:d="{DC}" d:format="x"/></rdf:RDF>'
    assert values(packet) == [(DC, "format", "x", ())]


@pytest.mark.parametrize(
    "codec",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le"],
)
@pytest.mark.parametrize("head", ["", '<?xml version="1.0" encoding="UTF-16"?>'])
def test_every_encoding(codec: str, head: str) -> None:
    packet = (head + xmp_packet("<dc:source>花🌸</dc:source>")).encode(codec)
    assert values(packet) == [(DC, "source", "花🌸", META)]


@pytest.mark.parametrize("around", ["\n", " " * 2000, "\0\0"])
def test_padding_around_the_packet(around: str) -> None:
    assert values(around + xmp_packet("<dc:source>a</dc:source>") + around) != []


def test_cdata_comments_and_character_references() -> None:
    packet = xmp_packet("<dc:source>a<!-- b -->&#x82b1;&lt;<![CDATA[<c>]]>\n d</dc:source>")
    assert values(packet) == [(DC, "source", "a花<<c>\n d", META)]


BOMB = "<!DOCTYPE a [<!ENTITY a '" + "A" * 1000 + "'><!ENTITY b '" + "&a;" * 1000 + "'>]>"
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, "<!DOCTYPE a>", "<!DOCTYPE a SYSTEM 'b'>"])
def test_a_doctype_refuses_the_packet(doctype: str) -> None:
    marks = marks_of(doctype + xmp_packet("<dc:source>&a;</dc:source>", 'dc:format="f"'))
    assert marks.xmp == ()
    assert marks.damage == ("PNG iTXt XML:com.adobe.xmp has a DOCTYPE and was left out.",)


@pytest.mark.parametrize(
    "packet",
    ["", "text", "<a>", "<a></b>", "<a/><b/>", "<a b='1' b='2'/>", "<a>&b;</a>", "<a>\x01</a>"],
)
def test_what_is_not_well_formed_refuses_the_packet(packet: str) -> None:
    marks = marks_of(packet)
    assert marks.xmp == ()
    assert len(marks.damage) == 1


def test_a_packet_that_breaks_off_is_left_out() -> None:
    marks = marks_of(xmp_packet("<dc:source>a</dc:source>")[:-50])
    assert marks.xmp == ()
    assert len(marks.damage) == 1


def test_too_deep_a_packet_is_left_out() -> None:
    deep = "<dc:a>" * 100_000
    marks = marks_of(xmp_packet("<dc:source>a</dc:source>" + deep))
    assert marks.xmp == ()
    assert marks.damage == ("PNG iTXt XML:com.adobe.xmp is too deep and was left out.",)


def test_more_properties_than_the_limit_are_not_read() -> None:
    marks = marks_of(xmp_packet("<dc:a>1</dc:a>" * 50_000))
    assert 10_000 < len(marks.xmp) <= 20_000
    assert marks.damage == ("Only the first 20000 fields of the file were read.",)


def test_a_packet_over_the_limit_is_left_out() -> None:
    marks = marks_of(xmp_packet("") + " " * 1000, Limits(text=1200))
    assert marks.xmp == ()
    assert len(marks.damage) == 1


LONG_NAME = "urn:" + "n" * 2_000_000


@pytest.mark.parametrize(
    "packet",
    [
        xmp_packet("<l:a/>" * 15_000, f'xmlns:l="{LONG_NAME}"'),
        xmp_packet("", f'xmlns:l="{LONG_NAME}" ' + " ".join(f'l:a{n}="1"' for n in range(60_000))),
        xmp_packet("<n:a/>" * 15_000, " ".join(f'xmlns:n{n}="u"' for n in range(100_000))),
        xmp_packet("<dc:a>" + "\n" * 3_000_000 + "</dc:a>"),
        xmp_packet("<dc:a>" + "&lt;" * 900_000 + "</dc:a>"),
        xmp_packet(f"<dc:{'n' * 1_000_000}>" + "<dc:b/>" * 15_000),
    ],
    ids=["elements", "attributes", "bindings", "lines", "references", "name"],
)
def test_hostile_packets_take_a_bounded_time(packet: str) -> None:
    started = time.monotonic()
    marks_of(packet)
    assert time.monotonic() - started < 20
