"""Signing in leads each post to its own home, in the language of the person."""

import pytest

from tests.journeys.conftest import Visit


def test_a_wrong_password_is_refused_and_the_name_stays_in_the_form(visit: Visit) -> None:
    visitor = visit()
    visitor.expect_complaint("403")
    visitor.sign_in("operator1", "not-the-password")
    assert visitor.page.input_value("#username") == "operator1"
    assert "用户名或密码不正确" in visitor.text('[role="alert"]')


@pytest.mark.parametrize(
    ("username", "home"),
    [
        ("operator1", "/desk/"),
        ("inspector1", "/m/"),
        ("handler1", "/queue/"),
        ("commander1", "/queue/"),
    ],
)
def test_the_root_leads_to_the_home_of_the_post(visit: Visit, username: str, home: str) -> None:
    visitor = visit().sign_in(username)
    assert visitor.page.url.endswith(home)
    visitor.go("/")
    assert visitor.page.url.endswith(home)


def test_a_page_that_asked_for_the_sign_in_is_reached_after_it(visit: Visit) -> None:
    visitor = visit().go("/queue/?tile=today")
    visitor.page.fill("#username", "leader1")
    visitor.page.fill("#password", "a-long-test-password")
    visitor.page.click(".login-card .btn.pri")
    visitor.page.wait_for_load_state()
    assert visitor.page.url.endswith("/queue/?tile=today")


def test_a_post_without_cases_is_told_so(visit: Visit) -> None:
    visitor = visit()
    visitor.expect_complaint("403")
    visitor.sign_in("evaluator1").go("/queue/")
    assert "您的岗位没有打开这一页" in visitor.text("h1")


def test_the_language_follows_the_browser_and_then_the_switch(visit: Visit) -> None:
    visitor = visit(locale="en-GB").go("/login/")
    assert visitor.page.get_attribute("html", "lang") == "en"
    assert visitor.text("h1") == "Sign in"
    visitor.page.click(".languages .btn")
    visitor.page.wait_for_load_state()
    assert visitor.page.get_attribute("html", "lang") == "zh-CN"
    assert visitor.text("h1") == "登录"


def test_signing_out_ends_the_session(visit: Visit) -> None:
    visitor = visit().sign_in("leader1").go("/queue/")
    visitor.expect_complaint("401")
    visitor.page.click(".menu summary")
    visitor.page.click(".menu-box form:last-of-type button")
    visitor.page.wait_for_load_state()
    visitor.go("/queue/")
    assert "/login/" in visitor.page.url
