"""A team at work: one move for many cases, and the bell until the first has heard."""

from playwright.sync_api import Route

from tests.journeys.conftest import Visit
from tests.journeys.people import new_work
from tests.journeys.stack import Stack

COUNT_SOUNDS = """
window.tones = 0;
class Param { setValueAtTime() {} exponentialRampToValueAtTime() {} }
class Node { constructor() { this.frequency = {}; this.gain = new Param(); }
  connect(next) { return next; } start() { window.tones += 1; } stop() {} }
window.AudioContext = class {
  constructor() { this.state = window.touched ? "running" : "suspended"; this.currentTime = 0; }
  resume() {
    if (window.touched) this.state = "running";
    return window.touched ? Promise.resolve() : new Promise(() => {});
  }
  createOscillator() { return new Node(); } createGain() { return new Node(); } };
addEventListener("pointerdown", () => { window.touched = true; }, true);
"""


def test_a_range_is_signed_together_and_each_row_answers(visit: Visit, stack: Stack) -> None:
    numbers = [new_work(stack, f"一起签收的第 {n} 件") for n in range(3)]
    queue = visit("cleaner1").go("/queue/?tile=unsigned&q=一起签收").until_live()
    boxes = queue.page.locator(".case .pick input")
    boxes.first.click()
    boxes.last.click(modifiers=["Shift"])
    assert "已选 3" in queue.text("#picked-words")
    queue.page.route("**/api/v1/cases/batch", lambda route: (
        stack.move("handler1", numbers[1], "sign"), route.continue_()))  # fmt: skip
    queue.page.click('[data-batch="sign"]')
    queue.page.locator("#batch-sheet .btn.pri").click()
    queue.until(lambda: "已办 2 件" in queue.text("#batch-sheet [role=status]"))
    assert "handler1" in queue.text('#batch-sheet [data-result="CHANGED"]')
    queue.page.locator("#batch-sheet .sheet-foot .btn").click()
    for number in (numbers[0], numbers[2]):
        assert stack.call("cleaner1", "GET", f"cases/{number}")["state"] == "PROCESSING"
    gone = queue.page.locator(f"#case-{numbers[1]}.is-gone")
    queue.until(lambda: gone.count() == 1)
    assert "handler1" in gone.inner_text()


def test_several_are_passed_on_together_to_one_unit(visit: Visit, stack: Stack) -> None:
    numbers = [stack.log_call(title=f"一起转派的第 {n} 件")["case_no"] for n in range(2)]
    for number in numbers:
        stack.move("receiver1", number, "accept")
        stack.move("leader1", number, "file")
    queue = visit("dispatcher1").go("/queue/?q=一起转派的").until_live()
    queue.page.locator("#pick-all").click()
    queue.page.click('[data-batch="transfer"]')
    sheet = queue.page.locator("#batch-sheet")
    sheet.locator("select[name=unit]").select_option("A2")
    sheet.locator(".btn.pri").click()
    queue.until(lambda: "已办 2 件" in queue.text("#batch-sheet [role=status]"))
    for number in numbers:
        case = stack.call("dispatcher1", "GET", f"cases/{number}")
        assert (case["state"], case["lead_unit"]) == ("PENDING_SIGN", "A2")


def test_ticks_of_different_states_lead_to_those_that_can_be_signed(
    visit: Visit, stack: Stack
) -> None:
    waiting, signed = (new_work(stack, f"混着选的第 {n} 件") for n in range(2))
    stack.move("cleaner1", signed, "sign")
    queue = visit("cleaner1").go("/queue/?q=混着选的").until_live()
    queue.page.locator("#pick-all").click()
    queue.page.click('[data-batch="sign"]')
    queue.page.locator("#toasts").get_by_role("button", name="只看待签收").click()
    queue.until(lambda: "tile=unsigned" in queue.page.url)
    queue.until(lambda: queue.page.locator(".case").count() == 1)
    assert queue.page.get_attribute(".case", "data-case") == waiting


def test_a_batch_whose_answer_was_lost_asks_again_and_shows_what_was_done(
    visit: Visit, stack: Stack
) -> None:
    numbers = [new_work(stack, f"回答丢失的第 {n} 件") for n in range(2)]
    queue = visit("cleaner1").go("/queue/?tile=unsigned&q=回答丢失").until_live()
    queue.expect_complaint("ERR_FAILED")
    queue.page.locator("#pick-all").click()
    lost: list[bool] = []

    def lose_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        lost.append(len(lost) == 0)
        route.abort() if lost[-1] else route.fulfill(response=answer)

    queue.page.route("**/api/v1/cases/batch", lose_the_first_answer)
    queue.page.click('[data-batch="sign"]')
    queue.page.locator("#batch-sheet .btn.pri").click()
    queue.until(lambda: "已办 2 件，未办 0 件" in queue.text("#batch-sheet [role=status]"))
    assert lost == [True, False]
    for number in numbers:
        file = stack.call("cleaner1", "GET", f"cases/{number}")
        assert file["state"] == "PROCESSING"
        assert [event["topic"] for event in file["timeline"]].count("case.signed") == 1


def test_new_work_rings_the_team_until_the_first_of_it_has_it(visit: Visit, stack: Stack) -> None:
    for ring in stack.call("cleaner1", "GET", "queue/rings")["items"]:
        stack.call("cleaner1", "POST", f"queue/rings/{ring['case_no']}")
    cleaner = visit(None)
    cleaner.context.add_init_script(COUNT_SOUNDS)
    cleaner.enter_as("cleaner1").go("/queue/").until_live()
    colleague, other = visit("cleaner1").until_live(), visit("handler1").until_live()
    number = new_work(stack, "半夜爆管的一件", priority=0)

    cleaner.until(lambda: cleaner.page.locator("#rings").is_visible())
    assert "半夜爆管的一件" in cleaner.text("#rings")
    assert "打开声音" in cleaner.text("#rings")
    cleaner.until(lambda: "新派" in cleaner.page.title())
    assert other.page.locator("#rings").is_hidden()
    assert cleaner.page.evaluate("window.tones") == 0
    cleaner.page.get_by_role("button", name="打开声音").click()
    cleaner.until(lambda: cleaner.page.evaluate("window.tones") >= 4)
    once = cleaner.page.evaluate("window.tones")
    cleaner.until(lambda: cleaner.page.evaluate("window.tones") > once, 8)

    colleague.until(lambda: colleague.page.locator("#rings").is_visible())
    colleague.page.keyboard.press("a")
    for page in (cleaner, colleague):
        page.until(lambda page=page: page.page.locator("#rings").is_hidden())  # type: ignore[misc]
    silent = cleaner.page.evaluate("window.tones")
    cleaner.page.wait_for_timeout(5000)
    assert cleaner.page.evaluate("window.tones") == silent
    assert "新派" not in cleaner.page.title()
    stack.move("cleaner1", number, "sign")
