// Photos: one over the other with a slider, and large with the keyboard.
import { icon, $, $$ } from "../page.js";
import { fill, gettext } from "../text.js";

/** Before and after laid over each other; the slider moves the cut. */
export function compare(drawer) {
  drawer.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-overlay]");
    if (!button) return;
    const figure = button.closest("[data-compare]");
    const isOver = figure.classList.toggle("is-overlay");
    button.setAttribute("aria-pressed", String(isOver));
    const slider = $(".compare-slider", figure);
    slider.hidden = !isOver;
    if (isOver) slider.focus();
  });
  drawer.addEventListener("input", ({ target }) => {
    if (target.matches(".compare-slider")) target.closest("[data-compare]").style.setProperty("--cut", `${target.value}%`);
  });
}

let dialog = null;
let photos = [];
let shown = 0;

function build() {
  const made = document.createElement("dialog");
  made.className = "sheet lightbox";
  made.setAttribute("aria-labelledby", "lightbox-name");
  made.innerHTML = `<div class="head"><span id="lightbox-name" class="ell"></span><span class="space"></span>
    <button type="button" class="btn square" data-by="-1">${icon("chevron-left")}</button>
    <button type="button" class="btn square" data-by="1">${icon("chevron-right")}</button>
    <button type="button" class="btn square" data-close>${icon("x")}</button></div><img alt="">`;
  const [back, on, close] = $$("button", made);
  back.setAttribute("aria-label", gettext("上一张"));
  on.setAttribute("aria-label", gettext("下一张"));
  close.setAttribute("aria-label", gettext("关闭"));
  made.addEventListener("click", ({ target }) => {
    const by = target.closest("[data-by]")?.dataset.by;
    if (by) turn(Number(by));
    else if (target === made) made.close();
  });
  made.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    turn(by);
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(made);
  return made;
}

function turn(by) {
  shown = (shown + by + photos.length) % photos.length;
  const { href, name } = photos[shown];
  const words = fill(gettext("%(name)s（%(n)s/%(all)s）"), { name, n: shown + 1, all: photos.length });
  $("img", dialog).src = href;
  $("img", dialog).alt = name;
  $("#lightbox-name", dialog).textContent = words;
}

export function enlarge(drawer) {
  drawer.addEventListener("click", (event) => {
    const link = event.target.closest("[data-photo]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    dialog ??= build();
    const every = $$("[data-photo]", link.closest("section"));
    photos = every.map((one) => ({ href: one.href, name: one.dataset.name }));
    shown = every.indexOf(link);
    turn(0);
    dialog.showModal();
    dialog.addEventListener("close", () => link.focus(), { once: true });
  });
}
