// Asks the server for options and the browser for a passkey; the answer goes into a form.
"use strict";

for (const way of document.querySelectorAll("[data-passkeys]")) {
  // At another address than the issuer's, browsers refuse.
  if (window.PublicKeyCredential && location.origin === way.dataset.passkeys) offer(way);
}

function offer(way) {
  const form = way.querySelector("form");
  const button = form.querySelector("button");
  const answer = form.elements.credential;
  const isNew = "creates" in way.dataset;
  let autofill; // a request that waits in the list of usernames; a browser has one at a time

  way.hidden = false;
  way.querySelector("[autofocus]")?.focus(); // it was hidden
  document.querySelector("[data-without-passkeys]")?.remove();
  answer.value = ""; // a browser may have kept what was sent, here or in its history
  window.addEventListener("pageshow", (event) => event.persisted && (answer.value = ""));
  form.addEventListener("submit", start, true);
  if ("autofill" in way.dataset) wait();

  function start(event) {
    if (answer.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (button.ariaBusy !== "true") run();
  }

  async function run() {
    stop();
    button.ariaBusy = "true";
    try {
      await ask({});
    } catch (error) {
      const said = { AbortError: "cancelled", NotAllowedError: "cancelled", InvalidStateError: "known" };
      say(way.dataset[said[error.name]] ?? way.dataset.failed);
      if (autofill) wait();
    }
    button.ariaBusy = null;
  }

  async function wait() {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    autofill = new AbortController();
    const { signal } = autofill;
    const timer = setTimeout(() => {
      stop();
      if (document.hidden) document.addEventListener("visibilitychange", wait, { once: true });
      else wait();
    }, 240_000); // before the options expire
    signal.addEventListener("abort", () => clearTimeout(timer));
    // Nobody asked for anything yet, so nobody is told of a failure.
    await ask({ mediation: "conditional", signal }).catch(() => {});
  }

  function stop() {
    autofill?.abort();
  }

  async function ask(how) {
    const body = new URLSearchParams(new FormData(form));
    const response = await fetch(`${form.getAttribute("action")}/options`, { method: "POST", body });
    if (response.redirected) return location.assign(response.url); // a sign-in is due first
    if (!response.ok) throw new Error(response.status);
    const publicKey = parsed(await response.json());
    const { credentials } = navigator;
    const made = await (isNew ? credentials.create({ publicKey }) : credentials.get({ publicKey, ...how }));
    answer.value = written(made);
    form.requestSubmit();
  }
}

function parsed(options) {
  const parser = options.user ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
  if (PublicKeyCredential[parser]) return PublicKeyCredential[parser](options);
  const withBytes = (each) => ({ ...each, id: bytesOf(each.id) });
  return {
    ...options,
    challenge: bytesOf(options.challenge),
    user: options.user && withBytes(options.user),
    allowCredentials: options.allowCredentials?.map(withBytes),
    excludeCredentials: options.excludeCredentials?.map(withBytes),
  };
}

function written({ id, rawId, type, response }) {
  const said = { transports: response.getTransports?.() };
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) said[name] = textOf(response[name]);
  }
  return JSON.stringify({ id, rawId: textOf(rawId), type, response: said });
}

function bytesOf(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function textOf(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function say(text) {
  document.querySelector(".alert")?.remove();
  const alert = document.createElement("div");
  const line = document.createElement("p");
  alert.className = "alert";
  alert.setAttribute("role", "alert");
  alert.tabIndex = -1;
  line.textContent = text;
  alert.append(line);
  (document.querySelector(".chip") ?? document.querySelector("h1")).after(alert);
  alert.focus();
}
