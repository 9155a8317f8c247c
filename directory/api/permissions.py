"""May they: every view names the right it needs; one that names none is closed."""

from typing import TYPE_CHECKING, Final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # the views themselves import this module, by the setting that names it
    from rest_framework.views import APIView

    from directory.models import User

SIGNED_IN: Final = "signed-in"  # no right at all, only to be somebody


def person(request: Request) -> "User":
    """Return who asks; permissions have let nobody in who is not somebody."""
    from directory.models import User

    assert isinstance(request.user, User)
    return request.user


class HasRight(BasePermission):
    """Ask for `view.right`, or for the method's right in `view.rights` (`{"POST": "decide"}`)."""

    message = "Your roles do not include this. An administrator can change them."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Tell whether the person has the right; a method that the view lacks is left to answer 405."""
        if not request.user.is_authenticated:
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        needed = getattr(view, "rights", {}).get(method) or getattr(view, "right", None)
        if needed is None:
            return getattr(view, method.lower(), None) is None
        return needed == SIGNED_IN or needed in request.user.rights
