// Helps where it can; every page works without it.
"use strict";

const all = (selector) => document.querySelectorAll(selector);

for (const alert of all("[data-focus]")) {
  alert.focus();
  // Whoever types on is not held up: the letters go into the field that is wrong.
  alert.addEventListener("keydown", (event) => {
    const isText = event.key.length === 1 && event.key !== " ";
    if (isText && !event.ctrlKey && !event.metaKey && !event.altKey) {
      correct(document.querySelector("[aria-invalid]"));
    }
  });
}

correct(document.querySelector("[aria-invalid][autofocus]"));

// As with the tab key: what is typed replaces what was wrong.
function correct(field) {
  field?.focus();
  field?.select?.();
}

for (const image of all("[data-or-else]")) {
  const remove = () => image.remove(); // what stands behind it is shown
  if (image.complete && !image.naturalWidth) remove();
  else image.addEventListener("error", remove);
}

for (const button of all("[data-show]")) {
  const input = document.getElementById(button.dataset.show);
  button.hidden = false;
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    exchange(button);
  });
  input.form.addEventListener("submit", () => (input.type = "password"));
}

for (const button of all("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    await navigator.clipboard.writeText(text.replaceAll(" ", ""));
    if (button.dataset.copied) return;
    button.dataset.copied = "yes";
    exchange(button);
    setTimeout(() => {
      delete button.dataset.copied;
      exchange(button);
    }, 2000);
  });
}

for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const input of all("[data-complete]")) {
  const length = Number(input.dataset.complete);
  input.addEventListener("input", () => {
    const digits = input.value.normalize("NFKC").replace(/[\s\p{Pd}]/gu, "");
    if (digits.length === length && /^[0-9]+$/.test(digits)) input.form.requestSubmit();
  });
}

for (const input of all("[data-groups]")) {
  const length = Number(input.dataset.groups);
  input.addEventListener("input", (event) => {
    const isAtTheEnd = input.selectionStart === input.value.length;
    if (event.inputType?.startsWith("delete") || !isAtTheEnd) return;
    const letters = input.value.replace(/[^a-z0-9]/gi, "").toUpperCase();
    const groups = letters.match(new RegExp(`.{1,${length}}`, "g")) ?? [];
    input.value = groups.join("-");
  });
}

for (const time of all("[data-local]")) {
  const shown = { dateStyle: "medium", timeStyle: "short" };
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, shown);
}

for (const form of document.forms) {
  if ("again" in form.dataset) continue; // a download, which leaves the page as it is
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  if ("submitNow" in form.dataset) form.requestSubmit();
}

// A form without the box of its own; the box is hidden where no form has it.
for (const input of all("[data-follows]")) {
  const box = document.getElementById(input.dataset.follows);
  box.parentElement.hidden = false;
  input.form.addEventListener("submit", () => (input.value = box.checked ? "1" : ""));
}

// On, once the frames are loaded and the page could be read; no frame that hangs is waited for.
for (const link of all("[data-go-on]")) {
  const goOn = () => location.replace(link.href);
  window.addEventListener("load", () => setTimeout(goOn, 1500));
  setTimeout(goOn, 4000);
}

// A page that comes back from the history can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const element of form.elements) element.removeAttribute("aria-busy");
  }
});

function exchange(button) {
  const { other, otherLabel } = button.dataset;
  button.dataset.other = button.textContent;
  button.textContent = other;
  if (otherLabel) {
    button.dataset.otherLabel = button.getAttribute("aria-label");
    button.setAttribute("aria-label", otherLabel);
  }
}
