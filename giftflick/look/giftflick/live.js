// Brings the element with data-live up to date every so many seconds, until it comes without.
"use strict";

async function follow(element) {
  const seconds = Number(element.dataset.live);
  if (!seconds) return;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  let next = element;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    next = page.getElementById(element.id);
    if (!answer.ok || !next) return;
    element.replaceWith(next);
  } catch {
    // away for a moment: ask again
  }
  follow(next);
}

document.querySelectorAll("[data-live]").forEach(follow);
