// Categories suggested from the words of the call: three chips at most, chosen by Alt 1 to 3, never forced.
import { get } from "./api.js";
import { categories } from "./categories.js";
import { bind } from "./keys.js";
import { escape, fill, gettext } from "./text.js";

const WAIT_MS = 450;
const SHORTEST = 4;
const LIKELY = 0.6;
const POSSIBLE = 0.3;
const UNLIKELY = 0.05; // below it a chip is no help

function likelihood(probability) {
  if (probability >= LIKELY) return gettext("很可能");
  return probability >= POSSIBLE ? gettext("可能") : gettext("也许");
}

export class CategoryChips {
  /** pick(category) hears which one was taken; `offered` are the codes shown last, best first. */
  constructor(box, content, pick) {
    Object.assign(this, { box, content, pick, offered: [], found: [], asked: "" });
    content.addEventListener("input", (event) => event.isComposing || this.soon());
    content.addEventListener("compositionend", () => this.soon());
    box.addEventListener("click", ({ target }) => this.take(Number(target.closest("button")?.dataset.n) || 0));
    bind({ "Alt+1": () => this.take(1), "Alt+2": () => this.take(2), "Alt+3": () => this.take(3) });
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), WAIT_MS);
  }

  async look() {
    const text = this.content.value.trim();
    if (text === this.asked) return;
    this.asked = text;
    try {
      const { items } = text.length < SHORTEST ? { items: [] } : await get(`/api/v1/categories/suggest?text=${encodeURIComponent(text.slice(0, 500))}`);
      const book = new Map((await categories()).map((one) => [one.code, one]));
      if (text === this.asked) this.show(items.filter(({ code, probability }) => book.has(code) && probability >= UNLIKELY).map((item) => ({ ...book.get(item.code), ...item })));
    } catch {
      this.asked = ""; // asked again with the next word; the combobox works without it
    }
  }

  show(found) {
    this.found = found;
    if (found.length) this.offered = found.map(({ code }) => code);
    this.box.hidden = !found.length;
    this.box.innerHTML = found.map((item, index) => {
      const because = fill(gettext("依据：%(words)s"), { words: (item.because || []).join("、") });
      return `<button type="button" class="pill suggested" data-n="${index + 1}" title="${escape(because)}" aria-keyshortcuts="Alt+${index + 1}">
        <b>${escape(item.label)}</b><span class="small">${likelihood(item.probability)} <span class="num">${Math.round(item.probability * 100)}%</span></span><kbd>Alt ${index + 1}</kbd></button>`;
    }).join("");
  }

  mark(code) {
    for (const button of this.box.children) button.setAttribute("aria-pressed", String(this.found[button.dataset.n - 1].code === code));
  }

  take(n) {
    const item = this.found[n - 1];
    if (!item) return false;
    this.pick({ code: item.code, label: item.label, parent_name: item.parent_name });
    this.mark(item.code);
    return true;
  }

  clear() {
    clearTimeout(this.timer);
    this.asked = "";
    this.offered = [];
    this.show([]);
  }
}
