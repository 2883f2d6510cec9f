// What was typed into a form that came too late is there again, once its owner has shown who they are. It stays in this
// tab, and until the next page only.
"use strict";
(() => {
  const TYPED = "giftflick-typed";
  const AGAIN = "/reauthenticate/";

  const STAMPS = "_stamps"; // of the row as it was typed for: what somebody changed meanwhile is not overwritten
  const UNTYPED = ["hidden", "file", "submit", "button"];

  const boxesOf = (form) => [...form.elements].filter((box) => box.name && (box.name === STAMPS || !UNTYPED.includes(box.type)));
  const isTicked = (box) => ["checkbox", "radio"].includes(box.type);
  const same = (box, [name, value]) => box.name === name && (!isTicked(box) || box.value === value);

  document.addEventListener("submit", ({ target: form }) => {
    if (form.method !== "post" || form.querySelector("[type=password]")) return;
    const typed = boxesOf(form).map((box) => [box.name, box.value, isTicked(box) && box.checked]);
    try { sessionStorage.setItem(TYPED, JSON.stringify(typed)); } catch { /* a full or forbidden store loses nothing that is shown */ }
  });

  function fillIn(typed) {
    const form = [...document.forms].find((one) => typed.every((entry) => boxesOf(one).some((box) => same(box, entry))));
    if (!form || !typed.length) return;
    for (const box of boxesOf(form)) {
      const entry = typed.find((one) => same(box, one));
      if (!entry) continue;
      if (isTicked(box)) box.checked = entry[2];
      else box.value = entry[1];
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (location.pathname.endsWith(AGAIN)) return;
    let typed = [];
    try {
      typed = JSON.parse(sessionStorage.getItem(TYPED)) ?? [];
      sessionStorage.removeItem(TYPED);
    } catch { /* as above */ }
    if (document.referrer && new URL(document.referrer).pathname.endsWith(AGAIN)) fillIn(typed);
  });
})();
