"""Words that no password may be built on: they are the first that somebody tries who knows this portal."""

import re
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

from directory.roles import ROLES

PRODUCT: Final = ("commsportal", "frontdesk", "reception", "teams", "microsoft", "password", "portal")
LEAST_BESIDE: Final = 8  # characters that must be left when such a word is taken out
SHORTEST: Final = 4
HELP: Final = "Your password can't be built on the name of this portal, its address, a role or the product."


def words() -> set[str]:
    """Return the words in small letters: the product's, the roles', and those of the public address."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    parts = {part for part in re.split(r"[^a-z0-9]+", host) if len(part) >= SHORTEST}
    return {*PRODUCT, *ROLES, *parts}


class NotOurWordsValidator:
    """Refuse a password that is little more than one of `words`."""

    def validate(self, password: str, user: object = None) -> None:
        """:raises ValidationError: when too little is left beside such words."""
        left = re.sub(r"[\W_]+", "", password.lower())
        for word in sorted(words(), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < LEAST_BESIDE and any(word in password.lower() for word in words()):
            raise ValidationError(HELP, code="password_of_our_words")

    def get_help_text(self) -> str:
        """Return what the form says beforehand."""
        return HELP
