// The page has loaded when each of its frames has; an application that does not answer is not waited for.
(function () {
  "use strict";
  var onward = document.getElementById("id_continue").href;

  function go() {
    window.location.replace(onward);
  }

  window.addEventListener("load", go);
  window.setTimeout(go, 4000);
})();
