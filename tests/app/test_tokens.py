"""Tokens: hashed at rest, expiring, revocable; names are locked after five failures."""

from datetime import UTC, datetime, timedelta

from accounts.actions import make_token
from accounts.models import Token, Unit, User
from accounts.queries import user_by_token
from tests.city import PASSWORD, A, City
from tests.client import Api

TODAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_raw_token_is_stored_nowhere(city: City) -> None:
    raw, _ = make_token(user=city["leader1"], now=TODAY)

    assert raw not in str(list(Token.objects.values()))


def test_a_token_ends_by_time_revocation_and_with_its_user(city: City) -> None:
    raw, ends_at = make_token(user=city["leader1"], now=TODAY)
    assert user_by_token(raw, now=ends_at - timedelta(seconds=1)) is not None
    assert user_by_token(raw, now=ends_at) is None

    User.objects.filter(username="leader1").update(is_active=False)
    assert user_by_token(raw, now=TODAY) is None

    User.objects.filter(username="leader1").update(is_active=True)
    Token.objects.update(revoked_at=TODAY)
    assert user_by_token(raw, now=TODAY) is None


def test_the_scope_of_a_token_is_that_of_the_session(city: City) -> None:
    for username in city.users:
        raw, _ = make_token(user=city[username], now=TODAY)
        found = user_by_token(raw, now=TODAY)
        fresh = User.objects.get(username=username)

        assert found is not None
        assert set(found[0].scope().posts) == set(fresh.scope().posts), username


def test_a_units_code_is_no_pattern(city: City) -> None:
    """An underscore in a code must not open the units that look alike."""
    for code in ("A_", "AX"):
        Unit.objects.create(code=code, name=code, level="DISTRICT", path=f"/{code}/", area_code=A)
    post = city["handler1"].posts.get()
    post.unit = Unit.objects.get(code="A_")
    post.save(update_fields=["unit"])
    raw, _ = make_token(user=city["handler1"], now=TODAY)

    found = user_by_token(raw, now=TODAY)

    assert found is not None
    assert found[0].scope().unit_ids == {Unit.objects.get(code="A_").pk}


def test_five_failures_lock_a_name_even_for_the_right_password(city: City) -> None:
    api = Api(city, None)
    wrong = {"username": "leader1", "password": "wrong"}

    codes = [api.post("auth/token", wrong)[0] for _ in range(6)]
    right = api.post("auth/token", {"username": "leader1", "password": PASSWORD})

    assert codes == [401] * 5 + [429]
    assert (right[0], right[1]["error"]["code"]) == (429, "LOCKED")
