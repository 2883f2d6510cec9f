/* "/" or Ctrl-K puts the cursor into the search box: the page's own, else the sidebar's, else it opens the page. */
(() => {
  const writes = (element) =>
    element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName);

  const isAsked = (event) =>
    (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !writes(event.target)) ||
    (event.key === "k" && (event.ctrlKey || event.metaKey));

  window.addEventListener(
    "keydown",
    (event) => {
      if (!isAsked(event)) return;
      const boxes = [...document.querySelectorAll("[data-find]")].filter((box) => box.offsetParent !== null);
      const box = boxes[boxes.length - 1];
      event.preventDefault();
      event.stopImmediatePropagation(); // or a list's own box would take the key too
      if (box) {
        box.focus();
        box.select();
      } else {
        const link = document.getElementById("find-link");
        if (link) link.click();
      }
    },
    true,
  );

  // The browser's own autofocus comes while the page is still veiled, and is lost.
  window.addEventListener("load", () => document.querySelector("[data-find][autofocus]")?.focus());
})();
