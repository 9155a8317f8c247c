"""Users of a tenant, as `/users` shows them (REFERENCE 22)."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.core.handlers.asgi import ASGIRequest

from simulator import schema
from simulator.engine import GraphFault
from simulator.engine.bodies import GRAPH
from simulator.filters import compile_filter, compile_search
from simulator.people import Person, Tenant
from simulator.reading import options_of, whole_number

DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
BASIC = ("displayName", "givenName", "surname", "mail", "userPrincipalName", "id")
ELSEWHERE = ("aboutMe", "skills", "mailboxSettings", "interests", "birthday", "hireDate", "mySite", "schools")
MOST = 999
USUAL = 100
ADVANCED_FILTER = re.compile(r"\b(endswith|ne|not)\b", re.IGNORECASE)

Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """Hold the query options of one request; their names are case-insensitive."""

    options: dict[str, str]
    eventual: bool
    narrow: bool

    @classmethod
    def read(cls, request: ASGIRequest, *, narrow: bool) -> "Query":
        """Read the options; narrow means that the token may see the basic properties only."""
        eventual = request.headers.get("ConsistencyLevel", "").lower() == "eventual"
        return cls(options_of(request), eventual, narrow)

    @property
    def counts(self) -> bool:
        """Tell whether a count is asked for and can be given."""
        return self.options.get("$count", "").lower() == "true" and self.eventual

    @property
    def selected(self) -> list[str]:
        """Return the names to show."""
        named = [name.strip() for name in self.options.get("$select", "").split(",") if name.strip()]
        return named if named and "*" not in named else list(BASIC if self.narrow else DEFAULT)


def unsupported(message: str) -> GraphFault:
    """Make the 400 of an option that is not supported in this way."""
    return GraphFault(400, "Request_UnsupportedQuery", message)


def as_user(person: Person) -> Json:
    """Return everything that is known of a person, in Graph's names."""
    return {
        "id": person.id,
        "displayName": person.name,
        "givenName": person.given_name,
        "surname": person.surname,
        "userPrincipalName": person.upn,
        "mail": person.mail,
        "businessPhones": [person.phone],
        "mobilePhone": None,
        "department": person.department,
        "jobTitle": person.job_title,
        "officeLocation": None,
        "preferredLanguage": "en-US",
        "accountEnabled": True,
        "userType": "Member",
        "mailNickname": person.upn.split("@")[0],
        "identities": [
            {
                "signInType": "userPrincipalName",
                "issuer": person.upn.split("@")[1],
                "issuerAssignedId": person.upn,
            }
        ],
        "assignedLicenses": [],
    }


@cache
def nothing() -> Json:
    """Return every property that a user may lack, as null."""
    properties = schema.SCHEMA["$defs"]["user"]["properties"]
    return {name: None for name, kind in properties.items() if "null" in json.dumps(kind)}


@cache
def properties() -> frozenset[str]:
    """Return the names of every property of a user, in lower case."""
    return frozenset(name.lower() for name in schema.SCHEMA["$defs"]["user"]["properties"])


def shown(user: Json, query: Query, *, listed: bool) -> Json:
    """Return the selected members; what is stored outside the directory cannot be listed."""
    user = {**nothing(), **user}
    by_name = {name.lower(): name for name in user}
    names = query.selected
    if unknown := [name for name in names if name.lower() not in properties()]:
        raise GraphFault(400, "BadRequest", f"Could not find a property named '{unknown[0]}' on type 'user'.")
    if listed and {name.lower() for name in names} & {name.lower() for name in ELSEWHERE}:
        raise GraphFault(501, "NotImplemented", "This property cannot be selected in a list.")
    found = [by_name[name.lower()] for name in names if name.lower() in by_name]
    if query.narrow:
        found = [name for name in found if name in BASIC]
    return {name: user[name] for name in found}


def matching(tenant: Tenant, query: Query) -> list[Json]:
    """Return the users that a query is about, in its order."""
    check_advanced(query)
    users = [as_user(person) for person in tenant.people.values()]
    if text := query.options.get("$filter"):
        wanted = compile_filter(text)
        users = [user for user in users if wanted(user)]
    if text := query.options.get("$search"):
        sought = compile_search(text)
        users = [user for user in users if sought(user)]
    return ordered(users, query.options.get("$orderby", ""))


def check_advanced(query: Query) -> None:
    """Refuse what needs the header ConsistencyLevel, and mostly `$count=true` too, without it."""
    options = query.options
    if "$skip" in options:
        raise unsupported("$skip is not supported.")
    if "$search" in options and not query.eventual:
        raise unsupported("Request with $search query parameter only works with ConsistencyLevel: eventual.")
    plain = re.sub(r"'[^']*'", "", options.get("$filter", ""))
    advanced = ADVANCED_FILTER.search(plain) or (plain and "$orderby" in options)
    if advanced and not query.counts:
        raise unsupported("This query needs the header ConsistencyLevel: eventual and $count=true.")


def ordered(users: list[Json], option: str) -> list[Json]:
    """Return users in the order asked for, or as the directory has them."""
    name, _, direction = option.strip().partition(" ")
    if not name:
        return users
    key = {"displayname": "displayName", "userprincipalname": "userPrincipalName"}.get(name.lower())
    if key is None:
        raise unsupported("$orderby works with displayName and userPrincipalName.")
    return sorted(users, key=lambda user: user[key].lower(), reverse=direction.strip().lower() == "desc")


def page_size(query: Query) -> int:
    """Return how many users a page holds."""
    size = whole_number(query.options.get("$top", str(USUAL)))
    if size is None or not 1 <= size <= MOST:
        raise unsupported(f"$top is from 1 to {MOST}.")
    return size


def list_users(tenant: Tenant, query: Query, base: str) -> Json:
    """Return one page, with a link to the next if there is one."""
    users, size = matching(tenant, query), page_size(query)
    start = whole_number(query.options.get("$skiptoken", "0"))
    if start is None:
        raise GraphFault(400, "Request_BadRequest", "The $skiptoken is not one of ours.")
    selection = f"({query.options['$select']})" if "$select" in query.options else ""
    body: Json = {"@odata.context": f"{GRAPH}/$metadata#users{selection}"}
    if query.counts and not start:
        body["@odata.count"] = len(users)
    if start + size < len(users):
        options = {**query.options, "$skiptoken": str(start + size)}
        body["@odata.nextLink"] = f"{base}?{urlencode(options, safe='$,')}"
    body["value"] = [shown(user, query, listed=True) for user in users[start : start + size]]
    return body


def count_users(tenant: Tenant, query: Query) -> int:
    """Return how many users match."""
    if not query.eventual:
        raise GraphFault(400, "Request_BadRequest", "$count is not currently supported.")
    # The segment stands for $count=true (REFERENCE 22.3).
    counted = Query({**query.options, "$count": "true"}, query.eventual, query.narrow)
    return len(matching(tenant, counted))


def get_user(tenant: Tenant, key: str, query: Query) -> Json:
    """Return one user by id or userPrincipalName."""
    person = tenant.find_person(key)
    if person is None:
        message = f"Resource '{key}' does not exist."
        raise GraphFault(404, "Request_ResourceNotFound", message)
    selection = f"({query.options['$select']})" if "$select" in query.options else ""
    context = f"{GRAPH}/$metadata#users{selection}/$entity"
    return {"@odata.context": context, **shown(as_user(person), query, listed=False)}
