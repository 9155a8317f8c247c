"""Take secrets out of text that goes to the log: by their form, and by their value where it is known."""

import re
from typing import Final

GONE: Final = "[redacted]"
SHORTEST: Final = 8  # a shorter value would be found in ordinary words
NAMES: Final = (
    r"(?:[a-z_-]*(?:password|passwd|secret|token|assertion|signature|cookie)"
    r"|authorization|sessionid|portal(?:-csrf|-device)?|sig)"
)
# Each is linear in the text's length: what strangers write must not keep the log busy.
FORMS: Final = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"), GONE),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{12,}", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*"), GONE),
    (re.compile(r"\b(cp_[0-9a-f]{8}_)[\w-]+"), rf"\1{GONE}"),
    (re.compile(r"\b(ccal_)[\w-]+"), rf"\1{GONE}"),
    (re.compile(r"(://)[^/\s@\"']+@"), rf"\1{GONE}@"),
    (re.compile(r"(?<=[^\s?])\?[^\s\"'?=]*=[^\s\"']*"), f"?{GONE}"),
    (
        re.compile(rf"\b({NAMES})(\\?[\"']?\s*[=:]\s*\\?[\"']?)(?!\[redacted)[^\s\"'&,;}}\\]+", re.IGNORECASE),
        rf"\1\2{GONE}",
    ),
)

_hidden: set[str] = set()


def hide(*values: str) -> None:
    """Have these values taken out of whatever is logged from now on; short ones are not remembered."""
    _hidden.update(value for value in values if len(value) >= SHORTEST)


def redact(text: str) -> str:
    """Return `text` without tokens, passwords, queries of addresses and hidden values."""
    for value in sorted(_hidden, key=len, reverse=True):
        text = text.replace(value, GONE)
    for form, instead in FORMS:
        text = form.sub(instead, text)
    return text
