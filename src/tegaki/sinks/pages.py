"""Pages of HTML: templates, what goes into them, and the policy that browsers hold them to.

Jinja2 escapes every text. Scripts and styles are those of the templates, named by their hashes: a
browser runs no other, and fetches nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from tegaki.results.claim import STRENGTH_TEXTS, Claim
from tegaki.utils.text import printable

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST = 600  # characters of one text: files may hold megabytes of them
_MOST_CLAIMS = 10
_MOST_DETAILS = 20
_SAID = ("model", "prompt", "negative_prompt", "seed", "sampler")


@dataclass(frozen=True, slots=True)
class ShownClaim:
    """A claim as a page shows it: its title, and pairs of a label and a text."""

    title: str
    fields: tuple[tuple[str, str], ...]


def render(template: str, script: str, **values: Any) -> str:
    """A whole page.

    Args:
        template, script: names of files beside this module, in ``templates/``.
        values: what the template asks for. Texts are escaped.
    """
    from markupsafe import Markup

    style, code = _asset("page.css"), _asset(script)
    policy = (
        f"default-src 'none'; img-src data:; style-src {_source(style)}; "
        f"script-src {_source(code)}; base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(style=Markup(style), script=Markup(code), policy=policy, **values)
    )


def shown(text: str, longest: int = _LONGEST) -> str:
    """A text that cannot reorder or hide what stands around it, cut where it is too long."""
    return printable(text if len(text) <= longest else f"{text[:longest]}…")


def shown_claims(claims: Sequence[Claim]) -> tuple[ShownClaim, ...]:
    """The first claims, as they are shown."""
    return tuple(
        ShownClaim(
            f"{claim.kind} · {shown(claim.tool)} ({STRENGTH_TEXTS[claim.strength]})",
            tuple(_fields(claim)),
        )
        for claim in claims[:_MOST_CLAIMS]
    )


def data_url(jpeg: bytes) -> str:
    """A picture as a URL that holds it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _fields(claim: Claim) -> Iterator[tuple[str, str]]:
    yield "where", shown(claim.place.path)
    if claim.note:
        yield "note", shown(claim.note)
    for name in _SAID:
        value = getattr(claim, name)
        if value is not None:
            yield name.replace("_", " "), shown(str(value))
    for label, text in claim.details[:_MOST_DETAILS]:
        yield shown(label, 60), shown(text)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("tegaki.sinks"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _asset(name: str) -> str:
    return files("tegaki.sinks").joinpath("templates", name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
