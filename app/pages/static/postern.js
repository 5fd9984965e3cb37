// Helps where it can; every page works without it.
"use strict";

for (const element of document.querySelectorAll("[data-focus]")) element.focus();

for (const button of document.querySelectorAll("[data-show]")) {
  const input = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shows = input.type === "password";
    input.type = shows ? "text" : "password";
    button.setAttribute("aria-pressed", String(shows));
    exchange(button);
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    await navigator.clipboard.writeText(text.replaceAll(" ", ""));
    exchange(button);
    setTimeout(() => exchange(button), 2000);
  });
}

for (const input of document.querySelectorAll("[data-complete]")) {
  const length = Number(input.dataset.complete);
  input.addEventListener("input", () => {
    const digits = input.value.replaceAll(" ", "");
    if (digits.length === length && /^[0-9]+$/.test(digits)) input.form.requestSubmit();
  });
}

for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });
  if ("submitNow" in form.dataset) form.requestSubmit();
}

// A page that comes back from the history can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.elements) button.removeAttribute("aria-busy");
  }
});

function exchange(button) {
  const text = button.textContent;
  button.textContent = button.dataset.other;
  button.dataset.other = text;
}
