// The row of section names: says which part is under the eyes; the history's filter.
import { $, $$ } from "../page.js";

function mark(drawer) {
  const body = $("#drawer-body", drawer);
  if (!body) return;
  const top = body.getBoundingClientRect().top + 40;
  const buttons = $$("[data-jump]", drawer);
  const passed = buttons.filter((button) => $(`#part-${button.dataset.jump}`, drawer)?.getBoundingClientRect().top <= top);
  const isAtEnd = body.scrollTop > 0 && body.scrollTop + body.clientHeight >= body.scrollHeight - 4;
  const current = isAtEnd ? buttons.at(-1) : passed.at(-1) || buttons[0];
  for (const button of buttons) button.toggleAttribute("aria-current", button === current);
  current?.setAttribute("aria-current", "true");
}

export function spy(drawer) {
  let asked = 0;
  drawer.addEventListener(
    "scroll",
    () => {
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => mark(drawer));
    },
    { capture: true, passive: true },
  );
  drawer.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-history]")) return;
    const isMine = target.value === "mine";
    $("#timeline", drawer).classList.toggle("is-mine", isMine);
    $("#timeline-blank", drawer).hidden = !isMine || Boolean($("#timeline [data-mine]", drawer));
  });
}
