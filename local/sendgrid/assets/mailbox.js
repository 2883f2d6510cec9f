"use strict";

const dayAndTime = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

function showTimes() {
  const today = new Date().toDateString();
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = new Date(element.dateTime);
    const format = "full" in element.dataset ? full : at.toDateString() === today ? time : dayAndTime;
    element.textContent = format.format(at);
    element.title = full.format(at);
  }
}

// Fetches the list again while somebody looks at it, and swaps it only when it has changed, so that focus stays.
function keepFresh(live) {
  let shown = live.innerHTML;
  setInterval(async () => {
    if (document.hidden) return;
    const html = await fetch(location.pathname).then((response) => response.ok && response.text(), () => false);
    document.body.classList.toggle("away", html === false); // the list stays as it was, and the page says so
    if (html === false) return;
    const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("live");
    if (fresh.innerHTML === shown) return;
    shown = fresh.innerHTML;
    const known = new Set(Array.from(live.querySelectorAll("a.mail"), (mail) => mail.pathname));
    live.replaceChildren(...document.adoptNode(fresh).childNodes);
    for (const mail of live.querySelectorAll("a.mail")) mail.classList.toggle("new", !known.has(mail.pathname));
    showTimes();
  }, Number(live.dataset.refresh));
}

const live = document.getElementById("live");
if (live) keepFresh(live);
showTimes();
