// What was typed into a form that came too late is there again, once its owner has shown who they are: in the same form
// of the same row. What is posted from any form stays in this tab, until the next page only.
"use strict";
(() => {
  const TYPED = "giftflick-typed";
  const AGAIN = "/reauthenticate/";
  const STAMPS = "_stamps"; // of the row as it was typed for: what somebody changed meanwhile is not overwritten
  const CHOSEN = "_selected_action"; // a list's rows, which are chosen anew
  const OWN = "console-form"; // keeps a draft itself, and a later one
  const UNTYPED = ["hidden", "file", "password", "submit", "button"];

  const boxesOf = (form) => [...form.elements].filter((box) => box.name && (box.name === STAMPS || !UNTYPED.includes(box.type)));
  const isTicked = (box) => ["checkbox", "radio"].includes(box.type);
  const same = (box, [name, value]) => box.name === name && (!isTicked(box) || box.value === value);

  // A form's own words for it: `form.action` would be a list's field of that name.
  function addressOf(form) {
    const { pathname, search } = new URL(form.getAttribute("action") || location.href, location.href);
    return pathname + search;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (form.id === OWN || form.querySelector(`[type=password], [name=${CHOSEN}]`)) return;
    const boxes = boxesOf(form).map((box) => [box.name, box.value, isTicked(box) && box.checked]);
    try {
      sessionStorage.setItem(TYPED, JSON.stringify({ address: addressOf(form), boxes }));
    } catch { /* a full or forbidden store loses nothing that is shown */ }
  });

  function fillIn({ address, boxes }) {
    const form = [...document.querySelectorAll("form[method=post]")].find((one) => addressOf(one) === address);
    if (!form) return;
    const filled = boxesOf(form).filter((box) => {
      const entry = boxes.find((one) => same(box, one));
      if (!entry) return false;
      if (isTicked(box)) box.checked = entry[2];
      else box.value = entry[1];
      return true;
    });
    for (const box of filled) box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  window.addEventListener("load", () => {
    if (location.pathname.endsWith(AGAIN)) return;
    let typed = null;
    try {
      typed = JSON.parse(sessionStorage.getItem(TYPED));
      sessionStorage.removeItem(TYPED);
    } catch { /* as above */ }
    if (typed && document.referrer && new URL(document.referrer).pathname.endsWith(AGAIN)) fillIn(typed);
  });
})();
