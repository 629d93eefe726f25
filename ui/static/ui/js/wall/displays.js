// The administrator's list of wall screens: enter a code, end a token.
import { explain, post } from "../api.js";
import { gettext } from "../text.js";

const problem = document.getElementById("problem");

document.getElementById("pairing").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  problem.textContent = "";
  try {
    await post("/api/v1/screen/displays", { code: form.code.value, name: form.name.value, area: form.area.value });
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    form.code.focus();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-revoke]");
  if (!button || !confirm(gettext("停用这块屏幕？它立即停止显示，要再用须重新配对。"))) return;
  button.disabled = true;
  try {
    await post(`/api/v1/screen/displays/${button.dataset.revoke}/revoke`, {});
    location.reload();
  } catch (error) {
    problem.textContent = explain(error);
    button.disabled = false;
  }
});
