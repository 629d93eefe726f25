// Long lists are searched, not scrolled: a select with data-pick becomes a combobox by name, code or pinyin.
import { Combobox, highlight } from "../combobox.js";
import { $, $$ } from "../page.js";
import { escape } from "../text.js";

function rank(option, query) {
  const [code, name, initials] = [option.code.toLowerCase(), option.name.toLowerCase(), option.initials];
  if (code === query) return 0;
  if (initials.startsWith(query)) return 1 + initials.length / 100;
  if (name.startsWith(query)) return 2;
  if (name.includes(query)) return 3;
  return initials.includes(query) || code.startsWith(query) ? 4 : Infinity;
}

function found(options, text) {
  const query = text.toLowerCase().replace(/\s+/g, "");
  return options
    .map((option) => [rank(option, query), option])
    .filter(([r]) => r < Infinity)
    .sort(([a, x], [b, y]) => a - b || x.code.localeCompare(y.code))
    .map(([, option]) => option);
}

function frame(select) {
  const box = document.createElement("div");
  box.className = "input pop";
  box.innerHTML = `<input role="combobox" aria-expanded="false" aria-autocomplete="list" autocomplete="off">
    <span class="tag num picked" hidden></span><ul class="list-box" role="listbox" hidden></ul>`;
  const [input, list] = [$("input", box), $("ul", box)];
  input.id = `${select.id}-pick`;
  list.id = `${select.id}-list`;
  input.setAttribute("aria-controls", list.id);
  input.placeholder = select.options[0].value ? "" : `${select.options[0].text} · ${select.dataset.pick}`;
  const label = $(`label[for="${select.id}"]`, select.closest("form"));
  label.htmlFor = input.id;
  list.setAttribute("aria-label", label.textContent);
  select.hidden = true;
  select.after(box);
  return [box, input, list];
}

function enhance(select) {
  const options = [...select.options].filter((option) => option.value).map((option) => ({
    code: option.value,
    name: option.text,
    initials: option.dataset.initials || "",
  }));
  const [box, input, list] = frame(select);
  const show = (option) => {
    select.value = option ? option.code : "";
    if (option) input.value = option.name;
    $(".picked", box).hidden = !option;
    $(".picked", box).textContent = option ? option.code : "";
  };
  const combobox = new Combobox(input, list, {
    find: (query) => found(options, query),
    draw: (option, query) =>
      `<span class="ell">${highlight(option.name, query)}</span><span class="space"></span><span class="num muted small">${escape(option.code)}</span>`,
    pick: show,
  });
  input.addEventListener("input", () => show(null));
  input.addEventListener("keydown", (event) => {
    box.classList.toggle("is-up", box.getBoundingClientRect().bottom + 240 > innerHeight);
    if (event.key !== "ArrowDown" || !list.hidden || input.value) return;
    combobox.options = options.slice(0, 9);
    combobox.show("");
    event.preventDefault();
    event.stopPropagation();
  });
  select.addEventListener("change", () => show(options.find((option) => option.code === select.value)));
  const chosen = options.find((option) => option.code === select.value);
  if (chosen) show(chosen);
}

/** Every such list below an element, once. */
export function pickers(root) {
  for (const select of $$("select[data-pick]", root)) if (!select.hidden) enhance(select);
}
