// Shows the current code of the demo's authenticator app.
"use strict";

const code = document.getElementById("code");
const note = document.querySelector("[data-code]");

async function renew() {
  try {
    const shown = await (await fetch("/code")).json();
    code.textContent = shown.code ?? "…";
    const text = "A security code is valid once. The next one appears here by itself.";
    if (note.textContent !== text) note.textContent = text;
    setTimeout(renew, 1000);
  } catch {
    note.textContent = "The demo has ended.";
  }
}

renew();
