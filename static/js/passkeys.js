// Passkeys (Web Authentication Level 3). A form with data-passkey="get" or "create" fetches its options from
// data-options, asks the browser, and sends the answer in its field "credential". With data-autofill the browser also
// offers passkeys in the field for the username, without a click. Everything that a person reads comes from the page.
(function () {
  "use strict";
  var api = window.webauthnJSON;
  var waiting = null;
  var NAMES = { NotAllowedError: "cancelled", InvalidStateError: "known", SecurityError: "elsewhere" };

  function fresh(form) {
    // At the click and not with the page: a second tab would make the challenge of the first one void.
    return fetch(form.dataset.options, { headers: { Accept: "application/json" }, credentials: "same-origin" }).then(
      function (response) {
        if (!response.ok || response.redirected) {
          // Signed out meanwhile, or too long ago: the page itself says what to do.
          window.location.reload();
          return new Promise(function () {});
        }
        return response.json();
      }
    );
  }

  function ask(form, options, more) {
    return form.dataset.passkey === "create" ? api.create(options) : api.get(Object.assign({}, options, more));
  }

  function send(form, credential) {
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  }

  function say(form, name) {
    var note = form.querySelector("[data-note]");
    note.textContent = note.dataset[name] || note.dataset.failed;
    note.hidden = false;
  }

  function pressed(form) {
    var button = form.querySelector("[type=submit]");
    if (waiting) {
      waiting.abort();
      waiting = null;
    }
    button.disabled = true;
    form.querySelector("[data-note]").hidden = true;
    fresh(form)
      .then(function (options) {
        return ask(form, options);
      })
      .then(
        function (credential) {
          send(form, credential);
        },
        function (error) {
          button.disabled = false;
          // NotAllowedError: the person closed the window, or has none for this page; the two must not be told apart.
          // SecurityError: this page was opened at another name of the server than the one that passkeys belong to.
          say(form, NAMES[error.name] || "failed");
        }
      );
  }

  function offerInTheField(form) {
    if (!PublicKeyCredential.isConditionalMediationAvailable) {
      return;
    }
    PublicKeyCredential.isConditionalMediationAvailable()
      .then(function (possible) {
        return possible ? fresh(form) : null;
      })
      .then(function (options) {
        if (!options) {
          return null;
        }
        waiting = new AbortController();
        return ask(form, options, { mediation: "conditional", signal: waiting.signal });
      })
      .then(
        function (credential) {
          if (credential) {
            send(form, credential);
          }
        },
        function () {
          // Aborted by a click, or refused by the browser: the button is still there.
        }
      );
  }

  if (!window.PublicKeyCredential || !api) {
    document.querySelectorAll("[data-without-passkeys]").forEach(function (note) {
      note.hidden = false;
    });
    return;
  }
  document.querySelectorAll("[data-needs-passkeys]").forEach(function (link) {
    link.hidden = false;
  });
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      pressed(form);
    });
    if ("autofill" in form.dataset) {
      offerInTheField(form);
    }
  });
})();
