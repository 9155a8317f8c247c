"""Users of the directory (REFERENCE 22)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from graph.errors import OutcomeUnknown
from graph.types import User
from graph.values import objects, text

if TYPE_CHECKING:
    from graph.client import GraphClient

READ = "User.Read.All"
# `department` and `accountEnabled` are not among the default members, so all are named.
FIELDS = (
    "id",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "userPrincipalName",
    "jobTitle",
    "department",
    "officeLocation",
    "mobilePhone",
    "businessPhones",
    "accountEnabled",
    "userType",
    "preferredLanguage",
)
LARGEST_PAGE = 999
MOST_PAGES = 10_000

_USERS = "/users"


class Users:
    """The users of one tenant."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def iterate(self, select: Sequence[str] = FIELDS, page_size: int = LARGEST_PAGE) -> Iterator[User]:
        """Read all users, page by page; https://learn.microsoft.com/graph/api/user-list

        :raises GraphError: of any page; what came before it has been yielded.
        """
        query = {"$select": ",".join(select), "$top": str(max(1, min(page_size, LARGEST_PAGE)))}
        answer = self._graph.send("GET", _USERS, query=query, repeatable=True, permission=READ)
        for _page in range(MOST_PAGES):
            page = answer.entity(repeatable=True)
            yield from (User.from_graph(item) for item in objects(page.get("value")))
            link = text(page.get("@odata.nextLink"))
            if not link:
                return
            answer = self._graph.follow(link, _USERS, permission=READ)
        raise OutcomeUnknown("the list of users has no end", code="EndlessList")

    def get(self, user_id: str, select: Sequence[str] = FIELDS) -> User:
        """Read one user by id or principal name; https://learn.microsoft.com/graph/api/user-get

        :raises NotFound: there is no such user.
        """
        answer = self._graph.send(
            "GET",
            "/users/{user}",
            {"user": user_id},
            query={"$select": ",".join(select)},
            repeatable=True,
            permission=READ,
        )
        return User.from_graph(answer.entity(repeatable=True))
