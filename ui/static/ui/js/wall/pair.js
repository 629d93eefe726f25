// A new screen waits until an administrator has entered its code; an old code is replaced by itself.
const EVERY = 2000;
const card = document.querySelector(".pair-card");
const token = document.querySelector('meta[name="csrf"]').content;

async function claim() {
  const response = await fetch("/screen/pair/claim", { method: "POST", headers: { "X-CSRFToken": token } });
  const { state } = response.ok ? await response.json() : { state: "WAITING" };
  if (state === "PAIRED") location.replace("/screen/");
  else if (state === "EXPIRED") location.reload();
  else setTimeout(ask, EVERY);
}

function ask() {
  claim().catch(() => setTimeout(ask, EVERY * 5));
}

if (Number(card.dataset.left)) setTimeout(ask, EVERY);
else setTimeout(() => location.reload(), 60000);
