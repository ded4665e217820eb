"use strict";
const report = document.getElementById("report");
const copy = document.getElementById("copy");
const say = (text) => { document.getElementById("copied").textContent = text; };

function select() {
  getSelection().selectAllChildren(report);
  say("The text is selected: copy it with the keyboard.");
}

copy.addEventListener("click", () => {
  if (!navigator.clipboard) return select();
  return navigator.clipboard.writeText(report.textContent).then(() => say("Copied."), select);
});
copy.hidden = false;
