"""Files as generators and editors write them, of the kinds that the fixtures have no real file of.

Each is built from the format's description and the writing tool's own source, never with tegaki's
readers. The pictures are plain and small; the texts are invented.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

from tegaki.results.claim import Kind, Strength


@dataclass(frozen=True, slots=True)
class Sample:
    """A file, and what the first of its claims must say. ``tool``: ``None`` where the mark names
    none. ``prompt``: ``None`` where the mark holds none."""

    build: Callable[[], bytes]
    tool: str | None
    kind: Kind = "generated"
    strength: Strength = "declared"
    prompt: str | None = None


# Containers


def _picture(shade: int = 90) -> Image.Image:
    return Image.new("RGB", (16, 16), (shade, 120, 200))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(*chunks: bytes, after: tuple[bytes, ...] = ()) -> bytes:
    """PNG with these chunks before the pixels, and ``after`` them."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress((b"\0" + bytes((90, 120, 200)) * 16) * 16))
    parts = [header, *chunks, pixels, *after, _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _text(key: str, text: str) -> bytes:
    """A ``tEXt`` chunk; text beyond Latin-1 goes in as UTF-8, as several writers do."""
    return _chunk(b"tEXt", key.encode("latin-1") + b"\0" + text.encode())


def _international(key: str, text: str, compressed: bool = False) -> bytes:
    """An ``iTXt`` chunk (PNG, third edition, section 11.3.3.4)."""
    body = zlib.compress(text.encode()) if compressed else text.encode()
    return _chunk(b"iTXt", key.encode("latin-1") + bytes((0, compressed, 0, 0, 0)) + body)


def _jpeg(*segments: tuple[int, bytes]) -> bytes:
    """JPEG with these marker segments at its start."""
    out = io.BytesIO()
    _picture().save(out, "JPEG")
    parts = [
        bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for marker, body in segments
    ]
    return b"\xff\xd8" + b"".join(parts) + out.getvalue()[2:]


def _saved(format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    _picture().save(out, format, **options)
    return out.getvalue()


def _exif_segment(tiff: bytes) -> tuple[int, bytes]:
    return 0xE1, b"Exif\0\0" + tiff


def _tiff(order: str, comment: bytes) -> bytes:
    """TIFF whose Exif directory holds one UserComment (EXIF 2.32, section 4.6.5).

    The main directory stands at 8, the Exif directory at 26, the comment (over 4 bytes) at 44.
    """
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    main = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
    exif = struct.pack(order + "HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    return start + main + exif + comment


XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}


def _xmp(elements: str = "", **attributes: str) -> str:
    """An XMP packet. ``attributes``: by ``prefix_name``."""
    names = " ".join(f"xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in NAMESPACES.items())
    said = " ".join(
        f"{name.replace('_', ':', 1)}={quoteattr(value)}" for name, value in attributes.items()
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names} {said}>{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def _png_xmp(packet: str) -> bytes:
    return _png(_international("XML:com.adobe.xmp", packet))


def _jpeg_xmp(packet: str) -> bytes:
    return _jpeg((0xE1, XMP_HEADER + packet.encode()))


def _iptc_credit(credit: str) -> bytes:
    """JPEG with IPTC-IIM 2:110 in a Photoshop resource block 0x0404."""
    dataset = b"\x1c\x02\x6e" + struct.pack(">H", len(credit)) + credit.encode("ascii")
    padded = dataset + b"\0" * (len(dataset) % 2)
    block = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(dataset)) + padded
    return _jpeg((0xED, b"Photoshop 3.0\0" + block))


# Texts


PROMPT = "1girl, kitsune, autumn shrine, paper lanterns, (falling leaves:1.2), <lora:inkwash:0.6>"
JAPANESE = "和服の少女, 秋の神社, 紅葉, 夕暮れ"
NEGATIVE = "lowres, bad hands, jpeg artifacts"


def _a1111(prompt: str, version: str = "v1.10.1") -> str:
    """AUTOMATIC1111/stable-diffusion-webui:modules/processing.py, create_infotext."""
    return (
        f"{prompt}\nNegative prompt: {NEGATIVE}\n"
        "Steps: 28, Sampler: Euler a, Schedule type: Automatic, CFG scale: 6.5, "
        "Seed: 2718281828, Size: 832x1216, Model hash: 31e35c80fc, Model: lanternXL_v3, "
        f'Lora hashes: "inkwash: 9f0b7c1d2e3a", Version: {version}'
    )


def _graph() -> dict[str, Any]:
    """A ComfyUI graph as its API takes it, of the default nodes."""

    def node(kind: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": kind, "inputs": inputs}

    return {
        "3": node(
            "KSampler",
            seed=8675309,
            steps=24,
            cfg=5.5,
            sampler_name="dpmpp_2m",
            scheduler="karras",
            denoise=1.0,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="lanternXL_v3.safetensors"),
        "5": node("EmptyLatentImage", width=832, height=1216, batch_size=1),
        "6": node("CLIPTextEncode", text=PROMPT, clip=["4", 1]),
        "7": node("CLIPTextEncode", text=NEGATIVE, clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
    }


def _workflow() -> dict[str, Any]:
    """The same graph as the editor keeps it, in short."""
    nodes = [
        {"id": int(number), "type": node["class_type"], "widgets_values": []}
        for number, node in _graph().items()
    ]
    return {"last_node_id": 9, "last_link_id": 9, "nodes": nodes, "links": [], "version": 0.4}


# Local tools


def _draw_things() -> str:
    """Draw Things: CreatorTool, and JSON as an rdf:Alt of exif:UserComment."""
    said = {
        "c": PROMPT,
        "uc": NEGATIVE,
        "model": "lantern_xl_q6p_q8p.ckpt",
        "sampler": "DPM++ 2M Karras",
        "scale": 6.5,
        "seed": 2718281828,
        "size": "832x1216",
        "steps": 28,
        "strength": 1,
    }
    alternative = f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(json.dumps(said))}</rdf:li>'
    comment = f"<exif:UserComment>{alternative}</rdf:Alt></exif:UserComment>"
    return _xmp(comment, xmp_CreatorTool="Draw Things")


# easydiffusion/easydiffusion:ui/easydiffusion/utils/save_utils.py
EASY = {
    "prompt": PROMPT,
    "seed": 2718281828,
    "negative_prompt": NEGATIVE,
    "num_inference_steps": 28,
    "guidance_scale": 6.5,
    "width": 832,
    "height": 1216,
    "sampler_name": "euler_a",
    "use_stable_diffusion_model": "lanternXL_v3",
}
EASY_SHOWN = {
    "Prompt": PROMPT,
    "Seed": 2718281828,
    "Negative Prompt": NEGATIVE,
    "Steps": 28,
    "Guidance Scale": 6.5,
    "Sampler": "euler_a",
    "Stable Diffusion model": "lanternXL_v3",
}


def _unicode_comment(text: str, codec: str = "utf-16-be") -> bytes:
    """UserComment as piexif's helper writes it, big-endian whatever the TIFF's order."""
    return b"UNICODE\0" + text.encode(codec)


def _fields_png(fields: dict[str, Any]) -> bytes:
    return _png(*(_text(key, str(value)) for key, value in fields.items()))


def _easy_jpeg() -> bytes:
    return _jpeg(_exif_segment(_tiff(">", _unicode_comment(json.dumps(EASY)))))


def _gif(comment: str) -> bytes:
    return _saved("GIF", comment=comment.encode())


def _stability_matrix() -> bytes:
    parameters = {
        "PositivePrompt": PROMPT,
        "NegativePrompt": NEGATIVE,
        "Steps": 28,
        "Sampler": "Euler a",
        "CfgScale": 6.5,
        "Seed": 2718281828,
        "Height": 1216,
        "Width": 832,
        "ModelHash": "31e35c80fc",
        "ModelName": "lanternXL_v3",
    }
    project = {"Version": 2, "ProjectType": "TextToImage", "State": {}}
    return _png(
        _text("prompt", json.dumps(_graph())),
        _text("parameters", _a1111(PROMPT)),
        _text("parameters-json", json.dumps(parameters)),
        _text("smproj", json.dumps(project)),
    )


def _ruined_fooocus() -> bytes:
    said = {
        "Prompt": PROMPT,
        "Negative": NEGATIVE,
        "steps": 30,
        "cfg": 6.5,
        "width": 832,
        "height": 1216,
        "seed": 2718281828,
        "sampler_name": "dpmpp_2m_sde_gpu",
        "scheduler": "karras",
        "base_model_name": "lanternXL_v3.safetensors",
        "loras": [],
        "clip_skip": 1,
        "software": "RuinedFooocus",
    }
    return _png(_text("parameters", json.dumps(said)))


def _fooocus_jpeg() -> bytes:
    """lllyasviel/Fooocus:modules/meta_parser.py, get_exif: all in the main directory."""
    exif = Image.Exif()
    exif[0x9286] = _a1111(PROMPT, "Fooocus v2.5.5")
    exif[0x0131] = "Fooocus v2.5.5"
    exif[0x927C] = "a1111"
    return _saved("JPEG", exif=exif)


def _comfy_animated_png() -> bytes:
    """comfyanonymous/ComfyUI:comfy_extras/nodes_images.py, SaveAnimatedPNG."""
    chunks = [
        _chunk(b"comf", key.encode() + b"\0" + json.dumps(said).encode("latin-1"))
        for key, said in (("prompt", _graph()), ("workflow", _workflow()))
    ]
    plain = _saved("PNG", save_all=True, append_images=[_picture(200)], duration=80)
    end = plain.rindex(b"IEND") - 4
    return plain[:end] + b"".join(chunks) + plain[end:]


def _comfy_animated_webp() -> bytes:
    """comfyanonymous/ComfyUI:comfy_extras/nodes_images.py, SaveAnimatedWEBP."""
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + json.dumps(_graph())
    exif[0x010F] = "workflow:" + json.dumps(_workflow())
    return _saved("WEBP", save_all=True, append_images=[_picture(200)], duration=80, exif=exif)


def _swarm_jpeg() -> bytes:
    """mcmonkeyprojects/SwarmUI:src/Media/ImageFile.cs: ImageSharp follows the TIFF's order."""
    said = {
        "sui_image_params": {
            "prompt": PROMPT,
            "negativeprompt": NEGATIVE,
            "model": "lanternXL_v3",
            "seed": 2718281828,
            "steps": 28,
            "cfgscale": 6.5,
            "width": 832,
            "height": 1216,
            "sampler": "euler_ancestral",
            "swarm_version": "0.9.7.4",
        },
        "sui_extra_data": {"date": "2026-01-03", "generation_time": "9.59 sec"},
    }
    comment = _unicode_comment(json.dumps(said, indent=2), "utf-16-le")
    return _jpeg(_exif_segment(_tiff("<", comment)))


def _jis_jpeg() -> bytes:
    """EXIF 2.32, section 4.6.5: the JIS code of a comment, JIS X 0208-1990 in ISO-2022-JP."""
    comment = b"JIS\0\0\0\0\0" + _a1111(JAPANESE).encode("iso2022_jp")
    return _jpeg(_exif_segment(_tiff("<", comment)))


# Services and labels


def _midjourney_niji() -> bytes:
    job = "7d1f3c52-0c1e-4b6a-9a57-2f0e6b8c4d31"
    flags = f"--ar 2:3 --niji 6 Job ID: {job}"
    return _png(
        _text("Creation Time", "Sat, 14 Mar 2026 18:20:11 GMT"),
        _text("Author", "lanternkeeper"),
        _text("Description", f"a fox spirit lighting paper lanterns {flags}"),
    )


def _aigc(label: str, producer: str = "00119144030000000000000000") -> str:
    """GB 45438-2025, annex E."""
    return json.dumps(
        {
            "Label": label,
            "ContentProducer": producer,
            "ProduceID": "5b0c2d7e9a1f4c38",
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        }
    )


def _aigc_xmp(label: str, producer: str = "00119144030000000000000000") -> bytes:
    return _png_xmp(_xmp(f"<TC260:AIGC>{escape(_aigc(label, producer))}</TC260:AIGC>"))


def _google_xmp() -> bytes:
    return _jpeg_xmp(
        _xmp(
            photoshop_Credit="Made with Google AI",
            Iptc4xmpExt_DigitalSourceType=TYPES + "trainedAlgorithmicMedia",
        )
    )


TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def _type_attribute(value: str) -> bytes:
    return _jpeg_xmp(_xmp(Iptc4xmpExt_DigitalSourceType=value))


def _type_element(value: str) -> bytes:
    name = "Iptc4xmpExt:DigitalSourceType"
    return _png_xmp(_xmp(f"<{name}>{escape(value)}</{name}>"))


# Editors


def _software_jpeg(software: str) -> bytes:
    exif = Image.Exif()
    exif[0x0131] = software
    return _saved("JPEG", exif=exif)


def _maker_note_jpeg(note: bytes) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x927C] = note
    return _saved("JPEG", exif=exif)


HUMAN: Kind = "human-editor"

SAMPLES: dict[str, Sample] = {
    "a1111-gif-comment": Sample(partial(_gif, _a1111(PROMPT)), "AUTOMATIC1111", prompt=PROMPT),
    "a1111-itxt-japanese": Sample(
        lambda: _png(_international("parameters", _a1111(JAPANESE))),
        "AUTOMATIC1111",
        prompt=JAPANESE,
    ),
    "a1111-itxt-compressed": Sample(
        lambda: _png(_international("parameters", _a1111(JAPANESE), compressed=True)),
        "AUTOMATIC1111",
        prompt=JAPANESE,
    ),
    "a1111-jis-usercomment": Sample(_jis_jpeg, "AUTOMATIC1111", prompt=JAPANESE),
    "comfyui-animated-png": Sample(_comfy_animated_png, "ComfyUI", prompt=PROMPT),
    "comfyui-animated-webp": Sample(_comfy_animated_webp, "ComfyUI", prompt=PROMPT),
    "drawthings-png": Sample(lambda: _png_xmp(_draw_things()), "Draw Things", prompt=PROMPT),
    "drawthings-jpeg": Sample(lambda: _jpeg_xmp(_draw_things()), "Draw Things", prompt=PROMPT),
    "easydiffusion-png": Sample(partial(_fields_png, EASY), "Easy Diffusion", prompt=PROMPT),
    "easydiffusion-png-shown-names": Sample(
        partial(_fields_png, EASY_SHOWN), "Easy Diffusion", prompt=PROMPT
    ),
    "easydiffusion-jpeg": Sample(_easy_jpeg, "Easy Diffusion", prompt=PROMPT),
    "fooocus-a1111-jpeg": Sample(_fooocus_jpeg, "Fooocus", prompt=PROMPT),
    "ruinedfooocus-png": Sample(_ruined_fooocus, "RuinedFooocus", prompt=PROMPT),
    "stability-matrix-png": Sample(_stability_matrix, "Stability Matrix", prompt=PROMPT),
    "swarmui-little-endian": Sample(_swarm_jpeg, "SwarmUI", prompt=PROMPT),
    "midjourney-niji": Sample(
        _midjourney_niji, "Midjourney", prompt="a fox spirit lighting paper lanterns"
    ),
    "aigc-xmp-1-doubao": Sample(partial(_aigc_xmp, "1", "001191110102MACQD9K64010000"), "Doubao"),
    "aigc-xmp-1": Sample(partial(_aigc_xmp, "1"), None),
    "aigc-xmp-2": Sample(partial(_aigc_xmp, "2"), None, strength="hint"),
    "aigc-xmp-3": Sample(partial(_aigc_xmp, "3"), None, strength="hint"),
    "aigc-text-1": Sample(lambda: _png(_text("AIGC", _aigc("1"))), None),
    "aigc-text-2": Sample(lambda: _png(_text("AIGC", _aigc("2"))), None, strength="hint"),
    "aigc-text-3": Sample(lambda: _png(_text("AIGC", _aigc("3"))), None, strength="hint"),
    "google-credit-xmp": Sample(_google_xmp, "Google"),
    "google-credit-iptc": Sample(
        partial(_iptc_credit, "Made with Google AI"), "Google", strength="hint"
    ),
    "iptc-type-attribute": Sample(
        partial(_type_attribute, TYPES + "trainedAlgorithmicMedia"), None
    ),
    "iptc-type-element": Sample(partial(_type_element, TYPES + "trainedAlgorithmicMedia"), None),
    "iptc-type-https": Sample(
        partial(_type_element, "https" + TYPES[4:] + "trainedAlgorithmicMedia"), None
    ),
    "iptc-type-bare": Sample(partial(_type_attribute, "trainedAlgorithmicMedia"), None),
    "iptc-type-composite": Sample(
        partial(_type_element, TYPES + "compositeWithTrainedAlgorithmicMedia"),
        None,
        "edited-with-ai",
    ),
    "iptc-type-capture": Sample(partial(_type_attribute, TYPES + "digitalCapture"), None, "camera"),
    "iptc-type-creation": Sample(partial(_type_element, TYPES + "digitalCreation"), None, HUMAN),
    "clip-studio-software": Sample(
        partial(_software_jpeg, "CLIP STUDIO PAINT"), "Clip Studio Paint", HUMAN
    ),
    "clip-studio-maker-note": Sample(
        partial(_maker_note_jpeg, b"CLIP STUDIO PAINT"), "Clip Studio Paint", HUMAN
    ),
    "krita-jpeg": Sample(partial(_software_jpeg, "Krita 5.2.9"), "Krita", HUMAN),
    "krita-png": Sample(lambda: _png(_text("Software", "Krita 5.2.9")), "Krita", HUMAN),
    "procreate-png": Sample(
        lambda: _png_xmp(_xmp(xmp_CreatorTool="Procreate 5.3.9")), "Procreate", HUMAN
    ),
}
