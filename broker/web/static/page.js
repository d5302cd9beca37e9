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
// A double click sends a form once; Back makes the button work again.
document.querySelectorAll("form[method=post]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
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
