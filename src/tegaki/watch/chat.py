"""Messages to Discord and Slack, as their incoming webhooks take them.

What a file says of itself, its name included, is text: it mentions nobody, links nowhere, and is
not formatted. Every text is cut, so that a message is never refused for its length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal

from tegaki.results.result import SHOWN, Result, Verdict
from tegaki.utils.text import printable
from tegaki.verdict.fusion import decided_by_file

MessageFormat = Literal["json", "discord", "slack"]

# Discord counts UTF-16 units: no more than 256 in a title, 4,096 in a description, 6,000 in all
# (https://docs.discord.com/developers/resources/message, "Embed Limits"). Slack takes 3,000
# characters in a text of a block (https://docs.slack.dev, "Text object"), entities as they are
# written. A character becomes two units there and five here at most.
_LONGEST_NAME = 500
_LONGEST_REASON = 300
_MOST_REASONS = 4

_COLOURS: dict[Verdict, int] = {
    "drawn": 0x2E7D32,
    "generated": 0x8E24AA,
    "unsure": 0x9A6700,
    "error": 0xC62828,
}
_DISCORD_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")
_SLACK_ENTITIES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def message(form: MessageFormat, body: bytes) -> bytes:
    """What is POSTed for a result.

    Args:
        body: the result as JSON.
    """
    if form == "json":
        return body
    result = Result.from_dict(json.loads(body))
    return json.dumps(_MESSAGES[form](result)).encode()


def _discord(result: Result) -> dict[str, Any]:
    """Execute Webhook: https://docs.discord.com/developers/resources/webhook"""
    lines = [f"`{_code(result)}`", *(_escaped(reason) for reason in _reasons(result))]
    embed = {
        "title": _title(result),
        "description": "\n".join(lines),
        "color": _COLOURS[result.verdict],
    }
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _slack(result: Result) -> dict[str, Any]:
    """Incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""
    name = _code(result).translate(_SLACK_ENTITIES)
    texts = [f"*{_title(result)}*", f"`{name}`"]
    texts += [reason.translate(_SLACK_ENTITIES) for reason in _reasons(result)]
    return {
        "text": f"{_title(result)}: {name}",  # for notifications, which show no blocks
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
            for text in texts
        ],
    }


_MESSAGES: dict[MessageFormat, Callable[[Result], dict[str, Any]]] = {
    "discord": _discord,
    "slack": _slack,
}


def _title(result: Result) -> str:
    word = SHOWN[result.verdict].capitalize()
    if result.probability is None:
        return word
    if decided_by_file(result.claims):
        return f"{word}, by what the file says"
    return f"{word} (probability {result.probability:.2f})"


def _code(result: Result) -> str:
    """The end of the path, fit to stand between backticks."""
    name = printable(result.path).replace("`", "'")
    return name if len(name) <= _LONGEST_NAME else f"…{name[-_LONGEST_NAME:]}"


def _reasons(result: Result) -> list[str]:
    texts = map(printable, filter(None, result.reasons[:_MOST_REASONS]))  # none is empty in a block
    return [
        text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…" for text in texts
    ]


def _escaped(text: str) -> str:
    """Text that Discord shows as it is: a backslash before every sign of punctuation."""
    return _DISCORD_MARKUP.sub(r"\\\g<0>", text)
