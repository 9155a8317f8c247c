"""`$filter` and `$search` over users, as far as REFERENCE 22.2 and 22.3 document them."""

import re
from collections.abc import Callable
from typing import Any

from simulator.engine import GraphFault

User = dict[str, Any]
Test = Callable[[User], bool]

TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),]|[A-Za-z0-9_./@+:-]+)")
COMPARISONS = ("eq", "ne", "ge", "le")
STRING_TESTS = ("startswith", "endswith")
DEEPEST = 40
CLAUSE = re.compile(r'\s*"(?:(\w+):)?([^"]*)"\s*')
WORDS = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")


def bad_filter(text: str) -> GraphFault:
    """Make the 400 of a filter that cannot be read."""
    return GraphFault(400, "Request_BadRequest", f"Invalid filter clause: {text}")


def compile_filter(text: str) -> Test:
    """Return the test that a `$filter` expression stands for."""
    return Parser(text).whole()


class Parser:
    """Read an expression from left to right: or, and, not, comparison."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        self.tokens = TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text):
            raise bad_filter(text)

    def whole(self) -> Test:
        """Read everything."""
        test = self.alternatives()
        if self.tokens:
            raise bad_filter(self.text)
        return test

    def peek(self) -> str:
        """Look at the next word."""
        return self.tokens[0].lower() if self.tokens else ""

    def take(self, expected: str = "") -> str:
        """Take the next word."""
        if not self.tokens or (expected and self.peek() != expected):
            raise bad_filter(self.text)
        return str(self.tokens.pop(0))

    def alternatives(self) -> Test:
        """Read tests joined by `or`."""
        tests = [self.conjunction()]
        while self.peek() == "or":
            self.take()
            tests.append(self.conjunction())
        return lambda user: any(test(user) for test in tests)

    def conjunction(self) -> Test:
        """Read tests joined by `and`."""
        tests = [self.term()]
        while self.peek() == "and":
            self.take()
            tests.append(self.term())
        return lambda user: all(test(user) for test in tests)

    def term(self) -> Test:
        """Read one test, perhaps negated or in brackets."""
        if self.peek() in ("not", "("):
            return self.nested()
        if self.peek() in STRING_TESTS:
            return self.string_test()
        if self.peek().endswith("/any"):
            return self.any_of()
        return self.comparison()

    def nested(self) -> Test:
        """Read a negated test or one in brackets, and perhaps more of them inside."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise bad_filter("it is nested too deeply.")
        if self.take().lower() == "not":
            inner = self.term()
            test: Test = lambda user: not inner(user)  # noqa: E731  one of two
        else:
            test = self.alternatives()
            self.take(")")
        self.depth -= 1
        return test

    def any_of(self) -> Test:
        """Read `collection/any(x:test of x)`."""
        name = self.take()[: -len("/any")]
        self.take("(")
        variable, _, rest = self.take().partition(":")
        self.tokens.insert(0, rest)
        inner = self.alternatives()
        self.take(")")
        return lambda user: any(inner({variable: item}) for item in collection(user, name))

    def string_test(self) -> Test:
        """Read `startsWith(property,'text')` and its sibling."""
        ends = self.take().lower() == "endswith"
        self.take("(")
        name = self.take()
        self.take(",")
        wanted = str(literal(self.take()) or "").lower()
        self.take(")")
        if ends:
            return lambda user: str(member(user, name) or "").lower().endswith(wanted)
        return lambda user: str(member(user, name) or "").lower().startswith(wanted)

    def comparison(self) -> Test:
        """Read `property op value` or `property in (values)`."""
        name, operator = self.take(), self.take().lower()
        if operator == "in":
            values = self.values()
            return lambda user: folded(member(user, name)) in values
        if operator not in COMPARISONS:
            raise bad_filter(self.text)
        value = folded(literal(self.take()))
        return lambda user: compare(folded(member(user, name)), operator, value)

    def values(self) -> list[Any]:
        """Read a list in brackets."""
        self.take("(")
        values = [folded(literal(self.take()))]
        while self.peek() == ",":
            self.take()
            values.append(folded(literal(self.take())))
        self.take(")")
        return values


def literal(token: str) -> Any:
    """Return the value of a literal."""
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    return {"true": True, "false": False, "null": None}.get(token.lower(), token)


def folded(value: Any) -> Any:
    """Return a value for comparing: text without its case."""
    return value.lower() if isinstance(value, str) else value


def member(user: User, path: str) -> Any:
    """Return a property by its path, whatever the case."""
    value: Any = user
    for name in path.split("/"):
        names = value if isinstance(value, dict) else {}
        found = next((key for key in names if key.lower() == name.lower()), None)
        if found is None:
            raise GraphFault(400, "Request_BadRequest", f"Could not find a property named '{path}'.")
        value = value[found]
    return value


def collection(user: User, path: str) -> list[Any]:
    """Return the items of a property that holds several."""
    value = member(user, path)
    if not isinstance(value, list):
        raise GraphFault(400, "Request_BadRequest", f"The property '{path}' holds no collection.")
    return value


def compare(left: Any, operator: str, right: Any) -> bool:
    """Compare two values as the operator says."""
    if operator in ("eq", "ne"):
        return bool((left == right) == (operator == "eq"))
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return bool(left >= right if operator == "ge" else left <= right)


def compile_search(text: str) -> Test:
    """Return the test that a `$search` expression stands for: clauses with AND and OR between them."""
    groups = [[clause(part) for part in group.split(" AND ")] for group in text.split(" OR ")]
    return lambda user: any(all(test(user) for test in group) for group in groups)


def clause(text: str) -> Test:
    """Read one `"property:text"`; displayName is matched by tokens, anything else by its start."""
    found = CLAUSE.fullmatch(text)
    if found is None:
        raise GraphFault(400, "Request_BadRequest", 'Every clause of $search is quoted, as in "displayName:wa".')
    name, wanted = found[1] or "displayName", found[2]
    if name.lower() != "displayname":
        return lambda user: str(member(user, name) or "").lower().startswith(wanted.lower())
    sought = [word.lower() for word in WORDS.findall(wanted)]
    return lambda user: all(
        any(word.lower().startswith(part) for word in WORDS.findall(user["displayName"])) for part in sought
    )
