"""What the people of the journeys do with their hands: report, log, move, call back."""

from typing import Any

from playwright.sync_api import FilePayload, Locator

from tests.journeys.browser import Visitor
from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.test_phone import png


def photo() -> FilePayload:
    """A picture as somebody chooses it, small: test_phone.py sends large ones."""
    return {"name": "a.png", "mimeType": "image/png", "buffer": png(640, 480)}


class People:
    """Windows of the people of the small city, each opened once; all acts go through the pages."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.windows: dict[str, Visitor] = {}

    def window(self, username: str) -> Visitor:
        """The window of a person."""
        if username not in self.windows:
            self.windows[username] = self.visit(username)
        return self.windows[username]

    def log_call(self, title: str, phone: str) -> str:
        """The operator logs a call at the desk; the number of the case."""
        desk = self.window("operator1").go("/desk/")
        desk.page.fill("#content", f"市民反映：{title}，要求今天清理并答复。")
        desk.page.fill("#title", title)
        desk.page.fill("#category", "E0104")
        desk.page.locator("#category-list li").first.wait_for()
        desk.page.keyboard.press("Enter")
        desk.page.fill("#address", "秋涛路22")
        desk.page.locator("#address-list li").first.wait_for()
        desk.page.keyboard.press("Enter")
        desk.until(lambda: "春晓社区" in desk.text("#ownership-words"))
        desk.page.fill("#phone", phone)
        desk.page.keyboard.press("Control+Enter")
        desk.page.locator("#receipt").wait_for()
        number = desk.text("#receipt-no")
        desk.page.keyboard.press("Enter")
        return number

    def report(self, words: str) -> str:
        """The inspector reports from the phone, with a photo; the number of the case."""
        phone = self.visit("inspector1", 390, 844).go("/m/#report")
        phone.until(lambda: "GPS ±8" in phone.text("#fix"))
        phone.page.set_input_files("#camera", photo())
        phone.page.locator(".photo img").wait_for()
        phone.page.locator("#chips button").first.click()
        phone.page.fill("#text", words)
        phone.page.click("#send")
        item = phone.page.locator('.item[data-state="received"]').first
        item.wait_for()
        return item.locator(".num").last.inner_text()

    def open(self, username: str, number: str) -> Locator:
        """The drawer of a case in the window of a person, as the case is now.

        A window that shows the case already is not loaded again: it hears what others did.
        """
        visitor = self.window(username)
        if number not in visitor.tab.url:
            visitor.go(f"/queue/?case={number}")
        drawer = visitor.page.locator("#drawer")
        now = str(visitor.stack.call(username, "GET", f"cases/{number}")["version"])
        head = drawer.locator(".drawer-head")
        visitor.until(lambda: head.count() and head.get_attribute("data-version") == now)
        visitor.until(lambda: drawer.locator("[aria-busy]").count() == 0)
        return drawer

    def make(self, username: str, number: str, move: str, **fields: Any) -> Visitor:
        """A person makes a move through its form: photos=True adds one, choices are codes."""
        self.open(username, number)
        visitor = self.window(username)
        with visitor.page.expect_response(f"**/cases/{number}/moves") as answer:
            self.press(visitor, move, **fields)
        assert answer.value.ok, answer.value.text()
        visitor.until(lambda: f"已办理：{number}" in visitor.text("#toasts"))
        return visitor

    def press(self, visitor: Visitor, move: str, **fields: Any) -> None:
        """Press a move, fill its form and send it."""
        visitor.press_move(move)
        form = visitor.page.locator(f"#move-{move}")
        for name, value in fields.items():
            self._fill(visitor, form, name, value)
        if form.is_visible():
            form.locator("[data-send]").click()

    def _fill(self, visitor: Visitor, form: Locator, name: str, value: Any) -> None:
        holder = form.locator(f'[data-field="{name}"]')
        kind = holder.get_attribute("data-kind")
        if kind == "photos":
            holder.locator("input[type=file]").set_input_files([photo()])
            holder.locator(".photo img").wait_for()
        elif kind == "choice":
            holder.locator(f'input[value="{value}"]').check()
        elif kind in {"unit", "category"}:
            holder.locator("[role=combobox]").fill(value)
            holder.locator("li").first.wait_for()
            visitor.page.keyboard.press("Enter")
        else:
            holder.locator(f'[name="{name}"]').fill(value)

    def call_back(self, number: str, voice: str, solved: str, **fields: str) -> None:
        """The call-back officer notes down one call to one citizen in the voice's own form."""
        drawer = self.open("callback1", number)
        article = drawer.locator(f'[data-intake="{voice}"]')
        article.locator(".callback summary").click()
        form = article.locator("[data-callback]")
        form.locator(f'input[name=solved][value="{solved}"]').check()
        if "satisfaction" in fields:
            form.locator(f'input[name=satisfaction][value="{fields["satisfaction"]}"]').check()
        form.locator("textarea").fill(fields.get("text", ""))
        head = drawer.locator(".drawer-head")
        before = head.get_attribute("data-events")
        form.locator("button.pri").click()
        self.window("callback1").until(lambda: head.get_attribute("data-events") != before)

    def state(self, username: str, number: str) -> str:
        """The word for the state, as the drawer of a person says it."""
        return self.open(username, number).locator(".drawer-body .state").first.inner_text()


def worked(people: People, number: str) -> None:
    """From registration to the unit's work: accepted, filed, dispatched by one key, signed."""
    people.make("receiver1", number, "accept")
    people.make("leader1", number, "file")
    people.open("dispatcher1", number)
    dispatcher = people.window("dispatcher1")
    dispatcher.page.keyboard.press("e")
    dispatcher.until(lambda: f"已办理：{number}" in dispatcher.text("#toasts"))
    people.make("handler1", number, "sign")


def new_work(stack: Stack, title: str = "新派的一件", **changes: Any) -> str:
    """A case that waits for unit A2 to sign it."""
    number: str = stack.log_call(**{"title": title, **changes})["case_no"]
    for who, move in (("receiver1", "accept"), ("leader1", "file"), ("dispatcher1", "dispatch")):
        stack.move(who, number, move)
    return number
