// Absences and deputies: two people or units searched by pinyin, what it means before it is saved.
import { ApiError, explain, get, post } from "./api.js";
import { Combobox, highlight } from "./combobox.js";
import { bind } from "./keys.js";
import { $, $$ } from "./page.js";
import { escape, gettext } from "./text.js";

const WAIT = 350;
const form = $("[data-arrange]");
let shownFor = "";

function mark(root, fields) {
  for (const holder of $$("[data-field]", root)) {
    const words = fields[holder.dataset.field];
    const why = $(".why", holder);
    why.textContent = words ? words.join(" ") : "";
    why.hidden = !words;
    for (const input of $$("input:not([type=hidden]),textarea,select", holder)) {
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
}

/** Say what is wrong at its field, else below the form; everything that was typed stays. */
function complain(root, error) {
  const fields = error instanceof ApiError ? error.fields : {};
  mark(root, fields);
  const first = $("[aria-invalid]", root);
  const problem = $("[data-problem]", root);
  problem.textContent = explain(error);
  problem.hidden = Boolean(first);
  first?.focus();
}

/** Go where the list shows what was done; the same address is loaded again. */
function showDone(tab, id) {
  const next = new URL(`?tab=${tab}&done=${id}`, location.href);
  if (next.search === location.search) location.reload();
  else location.assign(next);
}

function values() {
  return Object.fromEntries(new FormData(form));
}

/** What the preview depends on: all but the reason; empty until all of it is there. No post is all. */
function question() {
  const { reason: _reason, post: lent, ...rest } = values();
  return Object.values(rest).every(Boolean) ? JSON.stringify({ ...rest, lent }) : "";
}

/** The posts of who is away: all at once, or one of those that the user may lend. */
function offerPosts(person) {
  const holder = $("[data-posts]", form);
  const choice = $("select", holder);
  const lendable = person?.lendable || [];
  const whole = choice.dataset.whole || choice.options[0].text;
  choice.dataset.whole = whole;
  const options = lendable.map(({ id, name }) => new Option(name, id));
  if (!person || person.whole) options.unshift(new Option(whole, ""));
  choice.replaceChildren(...options);
  holder.hidden = options.length < 2;
}

function tell(sentences) {
  $("[data-foretold-wait]", form).hidden = sentences.length > 0;
  $("[data-foretold]", form).replaceChildren(
    ...sentences.map(({ text, tone }) => {
      const item = document.createElement("li");
      item.className = tone;
      item.textContent = text;
      return item;
    }),
  );
}

async function foretell() {
  const asked = question();
  if (!asked) {
    shownFor = "";
    tell([]);
    return;
  }
  try {
    const answer = await post(`${form.dataset.arrange}/preview`, values());
    if (asked !== question()) return;
    shownFor = asked;
    mark(form, {});
    tell(answer.sentences);
  } catch (error) {
    if (asked !== question()) return;
    shownFor = "";
    tell([]);
    if (error instanceof ApiError) mark(form, error.fields);
  }
}

let timer = 0;
function foretellSoon() {
  clearTimeout(timer);
  if (question() !== shownFor) timer = setTimeout(foretell, WAIT);
}

function picker(input) {
  const holder = input.closest("[data-field]");
  const code = $("input[type=hidden]", holder);
  const [list, tag] = [$("ul", holder), $("[data-picked]", holder)];
  const show = (option, typed = "") => {
    code.value = option ? option.code || option.username : typed;
    if (option) input.value = option.name;
    tag.textContent = option ? code.value : "";
    tag.hidden = !option;
    if (code.name === "absent") offerPosts(option);
    foretellSoon();
  };
  const find = async (query) => (await get(`${input.dataset.find}?q=${encodeURIComponent(query)}`)).items;
  const combobox = new Combobox(input, list, {
    find,
    draw: (option, query) =>
      `<span class="ell">${highlight(option.name, query)}</span><span class="space"></span><span class="muted small ell">${escape((option.posts || []).join(" "))}</span><span class="num muted small">${escape(option.code || option.username)}</span>`,
    pick: show,
    wait: 120,
  });
  input.addEventListener("input", () => show(null));
  input.addEventListener("change", () => tag.hidden && show(null, input.value.trim()));
  input.addEventListener("keydown", async (event) => {
    if (event.key !== "ArrowDown" || !list.hidden || input.value) return;
    event.preventDefault();
    combobox.options = await find("");
    combobox.show("");
  });
}

/** The end of so many days after the start, at the hour that stands in the field. */
function endAfter(days) {
  const [start, end] = [form.elements.starts_at, form.elements.ends_at];
  if (!start.value) return;
  const day = new Date(`${start.value.slice(0, 10)}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  const clock = end.value.slice(11) || "18:00";
  const at = `${day.toISOString().slice(0, 10)}T${clock}`;
  end.value = at > start.value ? at : `${at.slice(0, 11)}23:59`;
  foretellSoon();
}

/** True where something is missing; says so at each such field and goes to the first. */
function isIncomplete(root) {
  const blank = [...new FormData(root)].filter(([name, value]) => name !== "post" && !value.trim());
  mark(root, Object.fromEntries(blank.map(([name]) => [name, [gettext("请填写。")]])));
  $("[aria-invalid]", root)?.focus();
  return blank.length > 0;
}

async function arrange() {
  if (isIncomplete(form)) return;
  const button = $("button[type=submit]", form);
  $("[data-problem]", form).hidden = true;
  button.disabled = true;
  try {
    const hasBeenShown = shownFor !== "" && shownFor === question();
    if (!hasBeenShown) {
      clearTimeout(timer);
      await foretell();
      if (shownFor) {
        $("#foretold-title").focus();
        button.disabled = false;
        return;
      }
    }
    const made = await post(form.dataset.arrange, values());
    showDone(form.dataset.tab, made.id);
  } catch (error) {
    complain(form, error);
    button.disabled = false;
  }
}

async function end(ending) {
  if (isIncomplete(ending)) return;
  const button = $("button[type=submit]", ending);
  button.disabled = true;
  try {
    await post(ending.dataset.end, { reason: ending.elements.reason.value });
    showDone(ending.dataset.tab, ending.dataset.id);
  } catch (error) {
    complain(ending, error);
    button.disabled = false;
  }
}

$$("[data-find]", form).forEach(picker);
form.addEventListener("input", foretellSoon);
form.addEventListener("change", foretellSoon);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  arrange();
});
form.addEventListener("click", (event) => {
  const days = event.target.closest("[data-days]");
  if (days) endAfter(Number(days.dataset.days));
});
bind({ "Ctrl+Enter": (event) => (event.target.closest("form[data-end]") ? false : form.requestSubmit()) });

document.addEventListener("submit", (event) => {
  const ending = event.target.closest("[data-end]");
  if (!ending) return;
  event.preventDefault();
  end(ending);
});
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.(".ending[open]")) $("input", event.target).focus();
  },
  true,
);
$("[data-done]")?.focus();
