"""A broken trail is noticed among the other invariants."""

import pytest
from django.db import transaction

from audit import trail
from audit.models import Entry, Head
from tests.found import found

pytestmark = pytest.mark.django_db


@pytest.mark.control("I5")
def test_a_trail_with_a_gap_a_change_or_another_end_is_noticed() -> None:
    with transaction.atomic():
        trail.append([trail.Event("one"), trail.Event("two"), trail.Event("three")])
    assert found("I5") == []
    Head.objects.update(seq=2)
    assert found("I5") == ["I5: the trail is broken at entry 2"]
    Head.objects.update(seq=3)
    Entry.objects.filter(seq=3).update(actor="somebody")
    assert found("I5") == ["I5: the trail is broken at entry 3"]
    Entry.objects.filter(seq=1).delete()
    assert found("I5") == ["I5: the trail is broken at entry 1"]
