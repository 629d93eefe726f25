"""Who may open the pages of the queue at all."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def viewer(request: HttpRequest) -> User:
    """The signed-in user. Raises PermissionDenied where no post of hers opens any case."""
    user = request.user
    if isinstance(user, User):
        scope = user.scope()
        if scope.areas or scope.patrol_areas or scope.unit_ids:
            return user
    raise PermissionDenied
