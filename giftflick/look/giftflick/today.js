/* Exchanges the figures once, as soon as newer ones than those on the page have been counted. */
(() => {
  const EVERY_MS = 2000;
  const AT_MOST = 90;
  const part = document.getElementById("today-figures");
  if (!part || part.dataset.fresh === "yes") return;

  const address = () => `${part.dataset.url}&after=${encodeURIComponent(part.dataset.after)}`;

  const exchange = (html) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const isOpen = [...part.querySelectorAll("details[open]")].map((details) => details.id);
    part.innerHTML = html;
    isOpen.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    if (focused) [...part.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
  };

  const look = async (tries) => {
    if (tries === 0) return;
    try {
      const answer = await fetch(address(), { credentials: "same-origin", headers: { Accept: "text/html" } });
      if (answer.status === 200 && !answer.redirected) {
        exchange(await answer.text());
        return;
      }
      if (answer.status !== 204) return; // signed out meanwhile, say
    } catch {
      // the network is away: try again
    }
    setTimeout(() => look(tries - 1), EVERY_MS);
  };

  setTimeout(() => look(AT_MOST), part.dataset.after ? EVERY_MS : 500);
})();
