// Select2 gives its boxes no name: the label beside each is theirs.
"use strict";

function nameBoxes() {
  for (const select of document.querySelectorAll("select.unfold-filter-autocomplete")) {
    const box = select.parentElement.querySelector(".select2-selection");
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    if (!box || !label) continue;
    label.id ||= `${select.id}-label`;
    box.setAttribute("aria-labelledby", `${label.id} ${box.getAttribute("aria-labelledby") ?? ""}`.trim());
    box.querySelector("[role=textbox]")?.setAttribute("aria-labelledby", label.id);
  }
}

// After Select2, which jQuery starts when it thinks that the page is ready.
window.addEventListener("load", () => window.django?.jQuery?.(nameBoxes));

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("input.select2-search__field")) target.setAttribute("aria-label", "Type to search");
});
