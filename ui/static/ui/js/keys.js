// Keyboard maps that leave Chinese input methods and text fields alone.
const TEXT = "input:not([type=checkbox]):not([type=radio]):not([type=button]),textarea,select,[contenteditable]";

export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + key;
}

/** Bind names such as "ArrowDown", "r", "Ctrl+Enter". Plain keys are silent while somebody types. */
export function bind(actions, root = document) {
  root.addEventListener("keydown", (event) => {
    if (isComposing(event)) return;
    const name = nameOf(event);
    const action = actions[name];
    const isPlain = !name.includes("+") && name !== "Escape";
    if (!action || (isPlain && event.target.matches?.(TEXT))) return;
    if (document.querySelector("dialog.sheet[open]") && name !== "Ctrl+Enter") return;
    if (action(event) !== false) event.preventDefault();
  });
}
