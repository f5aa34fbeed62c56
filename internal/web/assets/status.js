// Says when the page can no longer be renewed, so that nobody takes an old state
// for the present one.
(function () {
  "use strict";
  var lost = function (yes) {
    var line = document.getElementById("lost");
    var text = yes ? line.dataset.text : "";
    if (line.textContent !== text) line.textContent = text;
  };
  document.addEventListener("htmx:sendError", function () { lost(true); });
  document.addEventListener("htmx:responseError", function () { lost(true); });
  document.addEventListener("htmx:timeout", function () { lost(true); });
  document.addEventListener("htmx:afterRequest", function (e) { if (e.detail.successful) lost(false); });
})();
