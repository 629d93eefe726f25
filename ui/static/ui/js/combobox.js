// A combobox (WAI-ARIA 1.2): list below the input, arrows, Enter, Esc, digits where they are free.
import { isComposing } from "./keys.js";
import { escape } from "./text.js";

const MOST = 9;

/** The text with the part that was searched for marked. */
export function highlight(text, query) {
  const at = query ? text.toLowerCase().indexOf(query.toLowerCase()) : -1;
  if (at < 0) return escape(text);
  const end = at + query.length;
  return `${escape(text.slice(0, at))}<mark>${escape(text.slice(at, end))}</mark>${escape(text.slice(end))}`;
}

export class Combobox {
  /** find(query) -> list (or promise); draw(option, query) -> HTML; pick(option). */
  constructor(input, list, { find, draw, pick, digits = false, wait = 0 }) {
    Object.assign(this, { input, list, find, draw, pick, digits, wait });
    this.options = [];
    this.active = -1;
    input.addEventListener("input", (event) => event.isComposing || this.searchSoon());
    input.addEventListener("compositionend", () => this.searchSoon());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.choose([...list.children].indexOf(item));
    });
    const typedBefore = input === document.activeElement && input.value !== input.defaultValue;
    if (typedBefore) this.searchSoon(); // faster than the script came
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), this.wait);
  }

  async search() {
    const query = this.input.value.trim();
    const ticket = (this.ticket = {});
    const found = query ? await this.find(query) : [];
    if (ticket !== this.ticket || document.activeElement !== this.input) return;
    this.options = found.slice(0, MOST);
    this.show(query);
  }

  show(query) {
    this.list.replaceChildren(...this.options.map((option, index) => {
      const item = document.createElement("li");
      item.id = `${this.list.id}-${index}`;
      item.setAttribute("role", "option");
      item.innerHTML = (this.digits ? `<kbd>${index + 1}</kbd>` : "") + this.draw(option, query);
      return item;
    }));
    this.list.hidden = this.options.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.move(this.options.length ? 0 : -1);
  }

  move(index) {
    this.active = index;
    [...this.list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
    const item = this.list.children[index];
    if (item) {
      item.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", item.id);
    } else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (isComposing(event) || this.list.hidden) return;
    const last = this.options.length - 1;
    if (event.key === "ArrowDown") this.move(this.active >= last ? 0 : this.active + 1);
    else if (event.key === "ArrowUp") this.move(this.active <= 0 ? last : this.active - 1);
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) this.choose(this.active);
    else if (event.key === "Escape") this.close();
    else if (this.digits && /^[1-9]$/.test(event.key) && event.key <= last + 1) this.choose(Number(event.key) - 1);
    else if (event.key === "Tab" && this.active >= 0) {
      this.choose(this.active);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(index) {
    const option = this.options[index];
    if (!option) return;
    this.close();
    this.pick(option);
  }

  close() {
    this.list.hidden = true;
    this.ticket = null;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
