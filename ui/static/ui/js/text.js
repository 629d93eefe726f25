// The words of the screens are Chinese; /i18n/en.js brings the English ones.
const catalog = window.django || {};

export function gettext(text) {
  return catalog.gettext ? catalog.gettext(text) : text;
}

export function ngettext(one, many, count) {
  return catalog.ngettext ? catalog.ngettext(one, many, count) : many;
}

/** The text with %(name)s filled in. */
export function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A number with a comma every three digits, as ui/templatetags/ui.py writes it. */
export function thousands(count) {
  return Number(count).toLocaleString("en-US");
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escape(text) {
  return String(text ?? "").replace(/[&<>"']/g, (letter) => ENTITIES[letter]);
}
