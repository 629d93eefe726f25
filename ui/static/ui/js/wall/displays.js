// The administrator's list of wall screens: enter a code, end a token.
import { post } from "../api.js";

const problem = document.getElementById("problem");

document.getElementById("pairing").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  problem.textContent = "";
  try {
    await post("/api/v1/screen/displays", { code: form.code.value, name: form.name.value, area: form.area.value });
    location.reload();
  } catch (error) {
    problem.textContent = error.message;
    form.code.focus();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-revoke]");
  if (!button) return;
  button.disabled = true;
  try {
    await post(`/api/v1/screen/displays/${button.dataset.revoke}/revoke`, {});
    location.reload();
  } catch (error) {
    problem.textContent = error.message;
    button.disabled = false;
  }
});
