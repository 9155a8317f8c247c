"""In a process of its own: fill a database with 20,000 people, search them, print the figures as JSON."""

import json
import os
import statistics
import time
from collections.abc import Callable
from itertools import islice
from random import Random

PEOPLE, ROUNDS = 20_000, 200
TENANT = "11111111-1111-4111-8111-111111111111"
SYLLABLES = (
    "an",
    "ber",
    "chi",
    "da",
    "el",
    "fra",
    "go",
    "hen",
    "jo",
    "ka",
    "li",
    "mor",
    "na",
    "pe",
    "ri",
    "sa",
    "to",
    "zo",
)


def main() -> None:
    """Print how long it takes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commsportal.settings")
    import django

    django.setup()
    from django.test import RequestFactory
    from rest_framework.test import force_authenticate

    from directory import search
    from directory.api.views import PeopleView
    from directory.models import Edition, Person, User
    from directory.rules.finding import Asked

    names = fill()
    user = User.objects.create_user("bench", roles=["receptionist"], tenant_id=TENANT, oid=TENANT)
    began = time.perf_counter()
    edition = Edition.objects.get()
    search.book(edition)
    made = time.perf_counter() - began
    view, requests = PeopleView.as_view(), RequestFactory()
    wrong = names[0][:-3] + names[0][-1] + names[0][-2] + names[0][-3:-2]

    def ask(query: str) -> None:
        request = requests.get("/api/v1/people/", {"q": query})
        force_authenticate(request, user)
        assert view(request).render().status_code == 200

    def like(query: str) -> None:
        people = Person.objects.filter(enabled=True)
        for word in search.words_of(query):
            people = people.filter(search_text__contains=word)
        list(people.order_by("name", "id")[:51])

    def find(query: str) -> None:
        asked = Asked(tuple(search.words_of(query)))
        list(islice(search.find([edition], asked), 51))

    queries = ["a", "jo", names[0], wrong, names[7].lower(), "german", "425 555 01", "nobody at all"]
    figures = {query: [timed(lambda a=act, q=query: a(q)) for act in (ask, find, like)] for query in queries}
    print(json.dumps({"people": PEOPLE, "made_ms": made * 1000, "queries": figures}))


def fill() -> list[str]:
    """Make the people, and return some of their names."""
    from commsportal.clock import now
    from directory import search
    from directory.models import Edition, Person

    random, at, people = Random(20), now(), []

    def word(length: int) -> str:
        return "".join(random.choice(SYLLABLES) for _ in range(length)).title()

    given, family = [word(2) for _ in range(800)], [word(3) for _ in range(4000)]
    departments = [f"{word(3)} {word(2)}" for _ in range(150)]
    for n in range(PEOPLE):
        first, last = random.choice(given), random.choice(family)
        address = f"{first}.{last}{n}@contoso.example".lower()
        facts = {"upn": address, "mail": address, "business_phone": f"+1 425 555 {n:05d}"}
        facts |= {"mobile_phone": f"+49 170 {n * 7:07d}", "department": random.choice(departments)}
        oid = f"cccccccc-0000-4000-8000-{n:012d}"
        person = Person(
            tenant_id=TENANT, oid=oid, name=f"{first} {last}", job_title=word(3), synced_at=at, **facts
        )
        person.skills = ["German"] if n % 50 == 0 else []
        person.search_text = search.text_of(person)
        people.append(person)
    Person.objects.bulk_create(people, batch_size=500)
    Edition.renew([TENANT])
    return [person.name for person in people[:: PEOPLE // 10]]


def timed(act: Callable[[], None]) -> dict[str, float]:
    """Return the middle and the slowest hundredth in milliseconds."""
    act()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return {"p50": statistics.median(taken), "p99": sorted(taken)[int(len(taken) * 0.99)]}


if __name__ == "__main__":
    main()
