// Shows what a key for this purpose may do; the server decides it by the purpose, not by these boxes.
"use strict";

const purposes = [...document.querySelectorAll("input[name=purpose]")];
const boxes = [...document.querySelectorAll("input[name=scopes]")];
const WEB_PAGE = ["account:read", "gifts:read", "gifts:write", "uploads:write"];

function tick() {
  const purpose = purposes.find((choice) => choice.checked)?.value;
  for (const box of boxes) {
    if (purpose === "web_page") box.checked = WEB_PAGE.includes(box.value);
    if (purpose === "server") box.checked = true;
    box.disabled = purpose !== "own";
  }
}

for (const choice of purposes) choice.addEventListener("change", tick);
tick();
