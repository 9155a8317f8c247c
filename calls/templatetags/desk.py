"""Words and marks that pages share."""

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def initials(name: str) -> str:
    """Return up to two capital letters for the round mark of a person."""
    words = [word for word in name.split() if word[0].isalpha()]
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0].upper() for word in ends)


@register.filter
def span(length: timedelta | None) -> str:
    """Return a length as m:ss, h:mm:ss from an hour on, empty when unknown."""
    if length is None:
        return ""
    seconds = max(0, int(length.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.simple_tag
def instant(at: datetime | None, style: str = "time") -> SafeString | str:
    """Return a `<time>` in UTC that the page's script turns into the reader's zone (`time`, `date` or `both`)."""
    if at is None:
        return ""
    shown = {"time": "%H:%M:%S", "date": "%d %b", "both": "%d %b %H:%M:%S"}[style]
    iso = at.isoformat()
    return format_html('<time datetime="{}" data-local="{}">{}</time>', iso, style, at.strftime(shown))
