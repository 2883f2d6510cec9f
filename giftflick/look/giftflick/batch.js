// While a batch runs, what changes of its page is fetched and replaced.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const part = () => document.getElementById("batch-progress");

  async function refresh() {
    const shown = part();
    if (!shown || !("open" in shown.dataset)) return;
    try {
      const answer = await fetch("?part=progress", { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) return;
      const text = await answer.text();
      const focused = shown.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      shown.outerHTML = text;
      if (focused) [...part().querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    } catch {
      // The next turn tries again.
    }
    setTimeout(refresh, EVERY_MS);
  }

  document.addEventListener("DOMContentLoaded", () => setTimeout(refresh, EVERY_MS));
})();
