// A gift's page: what does not load says so, and each time says what the viewer's own clock showed.
"use strict";

for (const shown of document.querySelectorAll("[data-words]")) {
  shown.addEventListener("error", () => {
    const words = document.createElement("p");
    words.className = "gf-soft gf-small";
    words.setAttribute("role", "status");
    words.textContent = `${shown.getAttribute("alt") || shown.getAttribute("aria-label")}: ${shown.dataset.words}`;
    shown.replaceWith(words);
  });
}

for (const time of document.querySelectorAll("time[datetime]")) {
  const here = new Date(time.dateTime);
  if (!Number.isNaN(here.getTime())) {
    const mine = here.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
    time.title = [time.title, `${mine} on your clock`].filter(Boolean).join(" · ");
  }
}
