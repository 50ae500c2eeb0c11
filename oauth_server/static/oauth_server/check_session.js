// OpenID Connect Session Management 1.0 section 3.2: "client_id session_state" in, "unchanged", "changed" or "error" out.
(function () {
  "use strict";
  var cookie = document.currentScript.getAttribute("data-cookie");

  function browserState() {
    var pairs = document.cookie.split("; ");
    for (var i = 0; i < pairs.length; i += 1) {
      if (pairs[i].indexOf(cookie + "=") === 0) {
        return pairs[i].slice(cookie.length + 1);
      }
    }
    return "";
  }

  function digest(text) {
    return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)).then(function (octets) {
      return Array.from(new Uint8Array(octets), function (octet) {
        return octet.toString(16).padStart(2, "0");
      }).join("");
    });
  }

  function judge(message, origin) {
    // A client_id may hold spaces, a session_state none.
    var parts = typeof message === "string" && /^([\x20-\x7e]+) ([0-9a-f]{64})\.([A-Za-z0-9_-]+)$/.exec(message);
    if (!parts || !self.crypto || !crypto.subtle) {
      return Promise.resolve("error");
    }
    return digest([parts[1], origin, browserState(), parts[3]].join(" ")).then(function (found) {
      return found === parts[2] ? "unchanged" : "changed";
    });
  }

  window.addEventListener("message", function (event) {
    // Only the page around this frame, or a frame of it, has business here; an opaque origin cannot be answered.
    if (event.source === null || event.source === window || event.origin === "null") {
      return;
    }
    judge(event.data, event.origin).then(function (answer) {
      event.source.postMessage(answer, event.origin);
    });
  });
})();
