"""What the desk finds and says by itself: who calls again, which report hides its author."""

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack

CALLER = "13655550001"


def test_who_calls_again_is_found_by_phone_with_the_reasons_in_words(
    visit: Visit, stack: Stack
) -> None:
    number = stack.log_call(title="有人再次来电的一件", caller={"phone": CALLER})["case_no"]
    desk = visit("operator1", 1366, 768).go("/desk/")
    desk.page.fill("#content", "市民再次来电，询问有人再次来电的一件办到哪里了")
    desk.page.fill("#phone", CALLER)

    desk.until(lambda: desk.page.locator(f'#twins [data-case="{number}"]').count() == 1)
    assert "同一来电人" in desk.text(f'#twins [data-case="{number}"]')
    desk.page.locator('[name="confidential"]').check()
    desk.until(lambda: desk.page.locator("#twins li").count() == 0)


def test_a_report_ticks_that_its_author_is_hidden_and_another_kind_unticks_it(
    visit: Visit,
) -> None:
    desk = visit("operator1", 1366, 768).go("/desk/")
    box = desk.page.locator('[name="confidential"]')

    desk.page.locator('[name="kind"][value="REPORT"]').check(force=True)
    assert box.is_checked()
    desk.page.locator('[name="kind"][value="COMPLAINT"]').check(force=True)
    assert not box.is_checked()
    box.check()
    desk.page.locator('[name="kind"][value="REPORT"]').check(force=True)
    desk.page.locator('[name="kind"][value="HELP"]').check(force=True)
    assert box.is_checked()
