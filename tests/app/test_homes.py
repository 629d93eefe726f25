"""`/` leads every post to a page that is hers."""

from django.test import Client

from accounts.actions import give_post
from accounts.models import Role, User
from tests.app.doors import each
from tests.city import NOW, City


@each("role", [Role.EVALUATOR, Role.AUDITOR, Role.SUPERVISOR, Role.SYSADMIN, Role.COMMANDER])
def test_signing_in_never_ends_at_a_closed_door(city: City, role: Role) -> None:
    user = User.objects.create(username=f"new-{role.value.lower()}")
    give_post(user=user, role=role, area_code="3399", now=NOW)
    client = Client()
    client.force_login(user)

    assert client.get("/", follow=True).status_code == 200
