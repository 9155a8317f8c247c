"""Somebody who follows every link of the portal, and remembers all that it told: bodies, addresses, headers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import requests

MOST_OF_A_KIND = 2  # pages that differ in an id or a query alone
MOST = 400
NOT_FOLLOWED = ("/sign-out", "/sign-in/microsoft", "/static/")
TOKEN_OF_A_FORM = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken" value="[^"]+">')


@dataclass(frozen=True)
class Answer:
    """What was told at an address: headers and body, but for the person's own cookies and the tokens of forms."""

    address: str
    status: int
    text: str


class Links(HTMLParser):
    """Collects the addresses in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what leads somewhere by GET."""
        told = dict(attrs)
        if tag == "form" and (told.get("method") or "get").lower() != "get":
            return
        self.found += [told[name] or "" for name in ("href", "action") if told.get(name)]


@dataclass
class Visitor:
    """One person's browser, without scripts."""

    url: str
    name: str = ""
    session: requests.Session = field(default_factory=requests.Session)
    heard: list[Answer] = field(default_factory=list)

    def sign_in(self, password: str) -> None:
        """Sign in by the form."""
        page = self.session.get(f"{self.url}/sign-in/", timeout=30).text
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[:1]
        form = {"username": self.name, "password": password, "csrfmiddlewaretoken": token}
        self.keep(self.session.post(f"{self.url}/sign-in/", data=form, timeout=30, allow_redirects=False))

    def keep(self, answer: requests.Response) -> requests.Response:
        """Remember an answer."""
        headers = "\n".join(f"{k}: {v}" for k, v in answer.headers.items() if k.lower() != "set-cookie")
        text = TOKEN_OF_A_FORM.sub("", answer.text)
        self.heard.append(Answer(str(answer.url), answer.status_code, f"{headers}\n\n{text}"))
        return answer

    def ask(self, path: str) -> requests.Response:
        """Ask for a page and remember what it told, where it sends included."""
        return self.keep(self.session.get(urljoin(self.url, path), timeout=30, allow_redirects=False))

    def walk(self, *starts: str) -> None:
        """Follow all links of our own from these pages, a few of each kind."""
        waiting, kinds, seen = list(starts), dict.fromkeys(map(kind, starts), 0), set(starts)
        while waiting and len(self.heard) < MOST:
            for path in self._leads(self.ask(waiting.pop(0))):
                kinds[kind(path)] = kinds.get(kind(path), 0) + 1
                if path not in seen and kinds[kind(path)] <= MOST_OF_A_KIND:
                    seen.add(path)
                    waiting.append(path)

    def _leads(self, answer: requests.Response) -> Iterator[str]:
        links = Links()
        if "html" in answer.headers.get("Content-Type", ""):
            links.feed(answer.text)
        for link in [*links.found, *filter(None, [answer.headers.get("Location")])]:
            whole = urldefrag(urljoin(str(answer.url), link)).url
            path = whole.removeprefix(self.url)
            if whole.startswith(f"{self.url}/") and not path.startswith(NOT_FOLLOWED):
                yield path


def kind(path: str) -> str:
    """Return an address without its ids and its query."""
    parts = urlsplit(path)
    return re.sub(r"/(?:\d+|[0-9a-f-]{36})(?=/|$)", "/#", parts.path) + "?" * bool(parts.query)
