// Only conveniences: every page works without this file.
"use strict";
document.querySelectorAll("form[data-autosubmit]").forEach((form) => form.submit());
document.querySelectorAll("button[data-copy]").forEach((button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
  });
});
document.querySelectorAll("button[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
// A double click sends a form once; Back makes the button work again. A download loads no page, so it leaves the form as it is.
document.querySelectorAll("form[method=post]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    if (event.submitter?.name !== "download") form.dataset.sent = "1";
  });
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
// "Send a new code" waits for the server's pause; without this file the server says so itself.
document.querySelectorAll("button[data-wait]").forEach((button) => {
  button.disabled = true;
  setTimeout(() => { button.disabled = false; }, Number(button.dataset.wait) * 1000);
});
// Menus close on Escape and on a click elsewhere.
const menus = () => document.querySelectorAll("details.who[open], details.menu[open]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  menus().forEach((menu) => {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  });
});
document.addEventListener("click", (event) => {
  menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
// A list that is filtered while typing; without this file the form asks the server.
document.querySelectorAll("input[data-filter]").forEach((input) => {
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLocaleLowerCase();
    document.querySelectorAll(`#${input.dataset.filter} > li`).forEach((row) => {
      row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
    });
  });
});
// On to who asked, when the frames of a sign-out are loaded or five seconds are over.
document.querySelectorAll("[data-continue]").forEach((way) => {
  let gone = false;
  const go = () => {
    if (gone) return;
    gone = true;
    if (way.tagName === "FORM") way.submit();
    else location.replace(way.href);
  };
  window.addEventListener("load", go, { once: true });
  setTimeout(go, 5000);
});
// What an act did is read first.
if (location.hash === "#said") document.getElementById("said")?.focus();
