// Copies the recovery codes, where the browser can; without it they are saved as a file or written down.
"use strict";

const button = document.getElementById("copy-codes");
if (button && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const codes = [...document.querySelectorAll("#recovery-codes code")].map((code) => code.textContent);
    await navigator.clipboard.writeText(codes.join("\n"));
    button.textContent = "Copied";
  });
}
