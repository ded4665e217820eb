"""Messages to chats: what a real server gets, and what hostile names and texts become."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tegaki import Detector, Result
from tegaki.watch.chat import MessageFormat, message
from tests.cli.test_cli import tegaki
from tests.sources.archives.made import png
from tests.watch.conftest import Receiver, Workspace, generated, status, until

HOSTILE = (
    "@everyone <@1> <!channel> <https://x.example|y> [a](https://x.example) `*b*` &amp; \u202e"
)


@pytest.fixture(scope="module")
def result() -> Result:
    return Detector.load("fast").inspect(png(1), "uploads/a.png")


def sent(form: MessageFormat, result: Result) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(message(form, result.to_json().encode()))
    return plain


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_discord_gets_a_message(workspace: Workspace, receiver: Receiver) -> None:
    generated(workspace.folder / "@everyone.png")
    receiver.answers = [status(429, ("Retry-After", "1")), status(204)]
    with workspace.watching("--webhook", receiver.url, "--format", "discord") as watching:
        watching.until_names("@everyone.png")
        until(lambda: len(receiver.posts) == 2, "a second attempt")
    first, second = (json.loads(post.body) for post in receiver.posts)
    assert first == second
    assert first["allowed_mentions"] == {"parse": []}
    (embed,) = first["embeds"]
    assert embed["title"] == "Likely generated, by what the file says"
    assert f"`{workspace.folder}/@everyone.png`" in embed["description"]
    assert "AUTOMATIC1111" in embed["description"]
    assert receiver.posts[0].headers["content-type"] == "application/json"


def test_slack_gets_a_message(workspace: Workspace, receiver: Receiver) -> None:
    generated(workspace.folder / "<!channel>.png")
    receiver.answers = [status(200, body=b"ok")]
    assert workspace.once("--webhook", receiver.url, "--format", "slack").returncode == 0
    (post,) = receiver.posts
    plain = json.loads(post.body)
    assert plain["text"].endswith("/&lt;!channel&gt;.png")
    texts = [block["text"]["text"] for block in plain["blocks"]]
    assert texts[0] == "*Likely generated, by what the file says*"
    assert texts[1] == f"`{workspace.folder}/&lt;!channel&gt;.png`"


def test_discord_shows_texts_as_they_are(result: Result) -> None:
    hostile = replace(result, path=HOSTILE, reasons=(HOSTILE,))
    plain = sent("discord", hostile)
    assert plain["allowed_mentions"] == {"parse": []}
    assert "content" not in plain
    name, reason = plain["embeds"][0]["description"].split("\n")
    assert name.count("`") == 2
    assert re.sub(r"\\(.)", r"\1", reason) == HOSTILE.replace("\u202e", r"\u202e")
    assert not re.search(r"(?<!\\)(?:\\\\)*[@<>\[*`_~|:]", reason)


def test_slack_has_nothing_to_parse(result: Result) -> None:
    plain = sent("slack", replace(result, path=HOSTILE, reasons=(HOSTILE,)))
    for block in plain["blocks"]:
        assert block["text"]["verbatim"] is True
    for text in (plain["text"], *(block["text"]["text"] for block in plain["blocks"])):
        assert "<" not in text
        assert ">" not in text
        assert re.search("&(?!amp;|lt;|gt;)", text) is None
    assert plain["blocks"][1]["text"]["text"].count("`") == 2


TEXTS = st.text(st.sampled_from("&<`\\*😀絵a\n\u202e"), max_size=5).map(lambda text: text * 2000)


@settings(max_examples=50, deadline=None)
@given(path=TEXTS, reasons=st.lists(TEXTS, min_size=1, max_size=6))
def test_no_message_is_too_long(result: Result, path: str, reasons: list[str]) -> None:
    long = replace(result, path=path, reasons=tuple(reasons))
    (embed,) = sent("discord", long)["embeds"]
    assert units(embed["title"]) <= 256
    assert units(embed["description"]) <= 4096
    plain = sent("slack", long)
    assert len(plain["blocks"]) <= 50
    for text in (plain["text"], *(block["text"]["text"] for block in plain["blocks"])):
        assert 1 <= len(text) <= 3000


def test_the_row_is_sent_as_it_is(result: Result) -> None:
    body = result.to_json().encode()
    assert message("json", body) is body


def test_errors_have_a_message(detector: Detector) -> None:
    failed = detector.inspect(b"no picture", "a.png")
    assert sent("discord", failed)["embeds"][0]["title"] == "Error"
    assert sent("slack", failed)["text"] == "Error: a.png"


def test_formats_that_make_no_sense(tmp_path: Path) -> None:
    watch = ("watch", tmp_path, "--store", tmp_path / "s.tegaki", "--once", "--format", "slack")
    assert "--format needs --webhook" in tegaki(*watch).stderr
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    done = tegaki(*watch, "--webhook", "http://127.0.0.1:9", "--secret-file", tmp_path / "secret")
    assert (done.returncode, "check no signature" in done.stderr) == (2, True)
