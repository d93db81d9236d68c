"use strict";
// Which syncs are shown is in the address, so that it can be sent to somebody.
const form = document.querySelector("form");
const { action, text } = form.elements;
const syncs = [...document.querySelectorAll(".sync")].map((sync) => ({
  sync,
  words: sync.textContent.toLowerCase(),
  // Those that inherit the same change are one.
  count: Number(sync.dataset.count ?? 1),
}));
const counted = (all) => all.reduce((sum, one) => sum + one.count, 0);

function show() {
  const words = text.value.trim().toLowerCase();
  const isWanted = (one) =>
    (action.value === "" || one.sync.dataset.action === action.value) && one.words.includes(words);
  for (const one of syncs) one.sync.hidden = !isWanted(one);
  const shown = syncs.filter((one) => !one.sync.hidden);
  form.querySelector("output").value = `${counted(shown)} of ${counted(syncs)} shown`;
}

function read() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  action.value = wanted.get("action") ?? "";
  if (action.selectedIndex < 0) action.value = "";
  text.value = wanted.get("text") ?? "";
  show();
}

function write() {
  show();
  const wanted = new URLSearchParams();
  if (action.value) wanted.set("action", action.value);
  if (text.value) wanted.set("text", text.value);
  try {
    history.replaceState(null, "", `#${wanted}`);
  } catch {
    // A page inside another one may have no address of its own.
  }
}

form.addEventListener("input", write);
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", read);
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
form.hidden = false;
read();
