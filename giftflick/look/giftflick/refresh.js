/* What changes by itself: a part with an id and data-refresh="SECONDS" is fetched anew until it comes without. */
"use strict";

(() => {
  const isWriting = () =>
    [...document.querySelectorAll("#content input:not([type=hidden]), #content textarea")].some((field) =>
      field.type === "file" ? field.files.length > 0 : field.value !== field.defaultValue,
    );

  const ask = () => {
    const address = new URL(window.location.href);
    address.searchParams.set("part", "progress");
    return fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" } });
  };

  const exchange = (part, made) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceWith(made);
    if (focused) [...made.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  };

  const refresh = async (part) => {
    const answer = await ask();
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const made = answer.redirected ? null : page.getElementById(part.id); // redirected: signed out meanwhile
    // What may be done now stands around it; but what somebody is writing there must not be lost.
    if (!made?.dataset.refresh && !isWriting()) return window.location.reload();
    if (made) exchange(part, made);
    watch(made ?? part);
  };

  const watch = (part) => {
    const seconds = Number(part.dataset.refresh);
    if (seconds) setTimeout(() => refresh(part).catch(() => watch(part)), seconds * 1000);
  };

  document.querySelectorAll("[data-refresh][id]").forEach(watch);
})();
