// The catalogue for forms: read once, searched by code, words and pinyin initials.
import { get } from "./api.js";

let book = null;

export function categories() {
  book ??= get("/api/v1/categories").then(({ items }) => {
    const isEnglish = document.documentElement.lang === "en";
    return items.map((item) => ({ ...item, label: isEnglish && item.name_en ? item.name_en : item.name }));
  });
  book.catch(() => {
    book = null;
  });
  return book;
}

function rank(item, query) {
  const initials = (item.initials || "").toLowerCase();
  if (item.code.toLowerCase() === query) return 0;
  if (initials.startsWith(query)) return 1 + initials.length / 100;
  if (item.label.toLowerCase().startsWith(query)) return 2;
  if (item.label.toLowerCase().includes(query)) return 3;
  if (initials.includes(query) || item.code.toLowerCase().startsWith(query)) return 4;
  return (item.parent_name || "").includes(query) ? 5 : Infinity;
}

/** Categories that fit, best first. */
export async function search(text) {
  const query = text.toLowerCase().replace(/\s+/g, "");
  const ranked = (await categories()).map((item) => [rank(item, query), item]);
  return ranked
    .filter(([r]) => r < Infinity)
    .sort(([a, x], [b, y]) => a - b || x.code.localeCompare(y.code))
    .map(([, item]) => item);
}
