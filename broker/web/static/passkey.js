// Passkeys: asks the browser, puts its answer into the form, sends it. Without this file pages offer another way.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (found) => (found || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function ask(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    if (options.user) {
      publicKey.user = { ...options.user, id: bytes(options.user.id) };
      publicKey.excludeCredentials = listed(options.excludeCredentials);
      return navigator.credentials.create({ publicKey });
    }
    publicKey.allowCredentials = listed(options.allowCredentials);
    return navigator.credentials.get({ publicKey });
  }

  function told(credential) {
    const said = credential.response;
    const response = { clientDataJSON: text(said.clientDataJSON) };
    if (said.attestationObject) {
      response.attestationObject = text(said.attestationObject);
      response.transports = said.getTransports ? said.getTransports() : [];
    } else {
      response.authenticatorData = text(said.authenticatorData);
      response.signature = text(said.signature);
      if (said.userHandle) response.userHandle = text(said.userHandle);
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
  }

  document.querySelectorAll("[data-with-passkey]").forEach((choice) => { choice.hidden = !window.PublicKeyCredential; });
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!window.PublicKeyCredential || !form.dataset.passkey) return;
    const button = form.querySelector("button");
    const problem = form.querySelector("[data-problem]");
    form.querySelector("[data-without]").hidden = true;
    button.hidden = false;
    // In the capture phase: before page.js counts this as the one sending of the form.
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      problem.hidden = true;
      button.disabled = true;
      try {
        form.elements.credential.value = JSON.stringify(told(await ask(JSON.parse(form.dataset.passkey))));
        form.submit();
      } catch {
        problem.hidden = false;
        button.disabled = false;
        button.focus();
      }
    }, true);
  });
})();
