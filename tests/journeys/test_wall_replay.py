"""The wall's past played forward in the browser, against what the server says of each moment."""

from tests.journeys.conftest import Visit
from tests.journeys.stack import Stack
from tests.journeys.walls import drawn

REPLAY = """async (district) => {
  const files = performance.getEntriesByType("resource").map((entry) => entry.name);
  const { Moment } = await import(files.find((name) => /js\\/wall\\/past\\./.test(name)));
  const ask = async (path, more) => {
    const query = new URLSearchParams({district, ...more});
    const answer = await fetch(`/api/v1/screen/${path}?${query}`);
    if (!answer.ok) throw new Error(`${path} ${answer.status}`);
    return answer.json();
  };
  const until = new Date();
  const day = until.toLocaleDateString("sv-SE", {timeZone: "Asia/Shanghai"});
  const midnight = new Date(`${day}T00:00:00+08:00`);
  const start = new Date(Math.max(midnight, until - 3600000)).toISOString();
  const first = await ask("at", {at: start});
  const moment = new Moment(first, district.length < 6);
  const steps = [];
  let next = {since: first.at, after: Number.MAX_SAFE_INTEGER};
  while (next) {
    const body = await ask("steps", {...next, until: until.toISOString()});
    steps.push(...body.items);
    next = body.next;
  }
  const full = (map) => Object.entries(map).filter(([, n]) => n).sort();
  const view = (m) => JSON.stringify({
    open: m.board.open, waiting: m.board.waiting_dispatch, closed: m.board.closed,
    lines: full(m.open_lines), today: m.today.total, by: full(m.today.lines),
    states: full(m.states), back: m.called_back, loop: m.loop, labels: full(m.labels),
    queue: (m.list ?? m.queue).slice(0, 30).map((r) => [r.case_no, r.state, r.priority]),
    inAll: m.urgent.size ?? m.emergencies_in_all,
    urgent: (m.urgentRows ?? m.emergencies).map((r) => r.case_no).sort(),
  });
  const ends = [0.1, 0.25, 0.4, 0.6, 0.8, 0.9, 1].map((part) => Math.ceil(steps.length * part));
  const differences = [];
  let done = 0;
  for (const end of ends) {
    const at = steps[end - 1].at;
    while (done < steps.length && steps[done].at <= at) moment.apply(steps[done++]);
    const said = await ask("at", {at});
    const [mine, theirs] = [view(moment), view(said)];
    differences.push(mine === theirs ? "" : `${at}: ${mine} <> ${theirs}`);
  }
  return {steps: steps.length, differences};
}"""


def test_played_forward_the_past_is_number_by_number_what_the_server_says_of_it(
    visit: Visit, stack: Stack
) -> None:
    numbers = []
    for n in range(8):
        number = stack.log_call(title=f"重放的第 {n} 件", priority=n % 4)["case_no"]
        if n % 2:
            stack.move("receiver1", number, "accept")
        if n == 3:
            stack.move("leader1", number, "file")
        numbers.append(number)
    stack.move("leader1", numbers[1], "merge", into=numbers[0], reason="同一件")
    stack.move("leader1", numbers[1], "unmerge", reason="不是同一件")
    found = drawn(visit("commander1", 1920, 1080).go("/screen/?map=2d")).page.evaluate(
        REPLAY, "339901"
    )
    assert found["steps"] >= 12
    assert found["differences"] == [""] * 7
