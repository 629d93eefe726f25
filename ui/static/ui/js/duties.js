// The duty lists: drafts, items, imports, the dry run with its progress, publication.
import { ApiError, csrf, explain, post } from "./api.js";
import { $, $$ } from "./page.js";
import { fill, gettext } from "./text.js";

const LISTS = "/api/v1/duty-lists";
const problem = $("[data-problem]");

/** Say at each field what is wrong with it, and go to the first; false where none is. */
function mark(form, fields) {
  for (const holder of form ? $$("[data-field]", form) : []) {
    const why = fields[holder.dataset.field];
    $(".why", holder).textContent = why ? why.join(" ") : "";
    $(".why", holder).hidden = !why;
    $("input,select", holder).setAttribute("aria-invalid", String(Boolean(why)));
  }
  const first = form && $('[aria-invalid="true"]', form);
  if (first) problem.hidden = true;
  first?.focus();
  return Boolean(first);
}

/** True where a field is empty that must not be; nothing is asked of the server then. */
function isIncomplete(form) {
  const blank = $$("[data-field] [required]", form).filter((input) => !input.value.trim());
  return mark(form, Object.fromEntries(blank.map(({ name }) => [name, [gettext("请填写。")]])));
}

function complain(error, form) {
  const fields = error instanceof ApiError ? error.fields : {};
  if (mark(form, fields)) return;
  problem.textContent = [...new Set([explain(error), ...Object.values(fields).flat()])].join(" ");
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
}

async function send(method, path, body) {
  const response = await fetch(`${LISTS}${path}`, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf() },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  if (!response.ok) throw new ApiError(response.status, answer.error || {});
  return answer;
}

/** Do one thing; where it worked go on to a page, where not say why and keep what was typed. */
async function act(form, work, next) {
  if (form.tagName === "FORM" && isIncomplete(form)) return;
  const button = $("button[type=submit]", form) || form;
  problem.hidden = true;
  button.disabled = true;
  try {
    location.assign(next(await work()));
  } catch (error) {
    complain(error, form.tagName === "FORM" ? form : null);
    button.disabled = false;
  }
}

function values(form) {
  return Object.fromEntries(new FormData(form));
}

const here = () => location.href.split("#")[0];

$("[data-new-draft]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  act(form, () => post(LISTS, values(form)), (made) => `?v=${made.number}`);
});

$("[data-item-form]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  act(form, () => post(`${LISTS}/${form.dataset.itemForm}/items`, values(form)), here);
});

$("[data-withdraw]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  act(form, () => post(`${LISTS}/${form.dataset.withdraw}/withdrawal`, values(form)), here);
});

function showRefused(error) {
  const list = $("[data-refused]");
  const rows = error instanceof ApiError ? error.fields.csv || [] : [];
  list.replaceChildren(
    ...rows.map((text) => {
      const line = document.createElement("li");
      line.textContent = text;
      return line;
    }),
  );
  list.hidden = rows.length === 0;
}

$("[data-import]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const work = async () => {
    try {
      const csv = await form.elements.file.files[0].text();
      return await send("PUT", `/${form.dataset.import}/items`, { csv });
    } catch (error) {
      showRefused(error);
      throw error;
    }
  };
  act(form, work, () => `?v=${form.dataset.import}&tab=changes`);
});

document.addEventListener("click", (event) => {
  const edit = event.target.closest("[data-edit-item]");
  if (edit) {
    const form = $("[data-item-form]");
    for (const name of ["item_no", "category", "area_code", "condition", "hours", "unit"]) {
      form.elements[name].value = edit.getAttribute(`data-${name}`);
    }
    $("#edit").open = true;
    form.elements.unit.focus();
  }
  const remove = event.target.closest("[data-remove-item]");
  if (remove && confirm(fill(gettext("删除条目 %(no)s？"), { no: remove.dataset.removeItem }))) {
    const number = encodeURIComponent(remove.dataset.removeItem);
    act(remove, () => send("DELETE", `/${remove.dataset.list}/items/${number}`), here);
  }
  const discard = event.target.closest("[data-discard]");
  if (discard && confirm(gettext("废弃这一草案？条目将一并删除。"))) {
    act(discard, () => send("DELETE", `/${discard.dataset.discard}`), () => "?");
  }
});

/** Read the lines of a dry run as they come; the last one holds the findings. */
async function follow(response, step) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let [rest, findings] = ["", null];
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines.map((text) => JSON.parse(text))) {
      if (line.findings) findings = line.findings;
      else step(line);
    }
    if (done) return findings;
  }
}

async function replay(form) {
  const response = await fetch(`${LISTS}/${form.dataset.replay}/replays`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    body: JSON.stringify({ days: Number(form.elements.days.value) }),
  });
  if (!response.ok) throw new ApiError(response.status, (await response.json()).error || {});
  const [bar, words] = [$("[data-progress]", form), $("[data-progress-words]", form)];
  bar.hidden = false;
  const findings = await follow(response, ({ done, total }) => {
    bar.max = Math.max(total, 1);
    bar.value = done;
    words.textContent = `${done} / ${total}`;
  });
  if (!findings) throw new ApiError(0, { message: gettext("试运行中断，请再试一次") });
}

$("[data-replay]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  act(form, () => replay(form), () => `?v=${form.dataset.replay}&tab=replay`);
});

$("[data-publish]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const number = form.dataset.publish;
  act(form, () => post(`${LISTS}/${number}/publication`, values(form)), () => `?v=${number}`);
});
