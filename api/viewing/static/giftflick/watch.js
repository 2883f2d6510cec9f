// The watch page: plays the film, tells how far it was watched, sends thanks. Without it the page still shows everything.

const at = (id) => document.getElementById(id);
const gift = document.querySelector("[data-gift]").dataset.gift;
const film = at("film");

const post = (path, body, options = {}) =>
  fetch(gift + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    ...options,
  });

// --- How much of the film was played. Skipped parts do not count, parts seen twice count once.

const SLICES = 100;
const SLACK = 0.2; // seconds that a player may leave out at a joint
const seen = new Set();
const reported = new Set();

function countSeen() {
  const slice = film.duration / SLICES;
  if (!Number.isFinite(slice)) return;
  for (let range = 0; range < film.played.length; range += 1) {
    const from = film.played.start(range) - SLACK;
    const to = film.played.end(range) + SLACK;
    for (let number = 0; number < SLICES; number += 1) {
      const middle = (number + 0.5) * slice;
      if (from <= middle && middle <= to) seen.add(number);
    }
  }
  for (const percent of [25, 50, 75, 100]) {
    if (seen.size >= percent && !reported.has(percent)) {
      reported.add(percent);
      report(percent, 3);
    }
  }
}

async function report(percent, tries) {
  try {
    const answer = await post("/progress", { percent }, { keepalive: true });
    if (answer.status < 500) return;
  } catch {
    // Offline: the same as a server that is away.
  }
  if (tries > 1) setTimeout(() => report(percent, tries - 1), 5000);
}

// --- Playing. The film's address works for an hour; a page left open longer asks for a new one where it stopped.

const PATIENCE = 15000; // milliseconds; a film that fails again so soon will not be helped by another address
const play = at("play");
let position = 0;
let isWanted = false; // playing, or would be if its address still worked
let renewedAt = -PATIENCE;

function offerToPlay(label) {
  at("play-label").textContent = label;
  play.classList.toggle("again", film.controls);
  play.hidden = false;
}

async function renew() {
  if (performance.now() - renewedAt < PATIENCE) {
    at("film-note").textContent = "The film does not play just now. Please open this page again in a minute.";
    return;
  }
  renewedAt = performance.now();
  try {
    const answer = await fetch(gift, { cache: "no-store" });
    if (answer.status === 404 || answer.status === 410) {
      at("film-note").textContent = "This gift is no longer available.";
      return;
    }
    if (!answer.ok) throw new Error(answer.statusText);
    resume((await answer.json()).video);
  } catch {
    at("film-note").textContent = "The film cannot be reached. Is this device online? Then open the page again.";
  }
}

function resume(video) {
  const from = position;
  film.addEventListener("loadedmetadata", () => {
    film.currentTime = from;
    if (isWanted) start();
  }, { once: true });
  if (video.poster_url) film.poster = video.poster_url;
  film.src = video.url;
}

function start() {
  film.play().catch(() => offerToPlay("Play your film"));
}

play.addEventListener("click", () => {
  film.controls = true;
  film.focus({ preventScroll: true });
  start();
});
film.addEventListener("play", () => { isWanted = true; play.hidden = true; film.controls = true; });
film.addEventListener("pause", () => { if (!film.error) isWanted = false; }); // a film that fails is paused too
film.addEventListener("playing", () => { at("film-note").textContent = ""; });
film.addEventListener("timeupdate", () => { position = film.currentTime || position; countSeen(); });
film.addEventListener("seeking", () => { position = film.currentTime; });
film.addEventListener("error", renew);
film.addEventListener("ended", () => { position = 0; countSeen(); offerToPlay("Play it again"); celebrate(); });

film.controls = false;
offerToPlay("Play your film");
if (film.error) renew();

// --- Confetti at the end, unless motion is unwelcome.

const COLOURS = ["#f2607f", "#f2a13c", "#ffd479", "#7cc6b8", "#9a7fd1"];
const SHOWER = 4500; // milliseconds
let hasCelebrated = false;

function celebrate() {
  if (hasCelebrated || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  hasCelebrated = true;
  const canvas = document.createElement("canvas");
  canvas.className = "confetti";
  canvas.width = innerWidth;
  canvas.height = innerHeight;
  document.body.append(canvas);
  const pieces = Array.from({ length: 110 }, (_, number) => ({
    x: Math.random() * canvas.width,
    delay: Math.random() * 1400,
    fall: 0.16 + Math.random() * 0.14,
    sway: 12 + Math.random() * 26,
    turn: Math.random() * 6,
    size: 5 + Math.random() * 6,
    colour: COLOURS[number % COLOURS.length],
  }));
  let began;
  requestAnimationFrame(function frame(now) {
    began ??= now;
    shower(canvas, pieces, now - began);
    if (now - began < SHOWER) requestAnimationFrame(frame);
    else canvas.remove();
  });
}

function shower(canvas, pieces, elapsed) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.globalAlpha = Math.min(1, (SHOWER - elapsed) / 900);
  for (const piece of pieces) {
    const age = elapsed - piece.delay;
    if (age < 0) continue;
    const turn = piece.turn + age / 260;
    pen.save();
    pen.translate(piece.x + Math.sin(age / 420 + piece.turn) * piece.sway, age * piece.fall - 20);
    pen.rotate(turn);
    pen.scale(1, Math.cos(turn * 1.7));
    pen.fillStyle = piece.colour;
    pen.fillRect(-piece.size / 2, -piece.size / 3, piece.size, piece.size * 0.66);
    pen.restore();
  }
}

// --- Thanks. What was typed stays until it has arrived.

const form = at("thanks-form");
const words = at("thanks-words");
const state = at("thanks-state");
const send = form.querySelector("button");

function say(text, kind) {
  state.textContent = text;
  state.className = `state ${kind}`;
}

function countWords() {
  at("thanks-count").textContent = `${words.value.length} of 1,000`;
}

function thanked(answer) {
  form.hidden = true;
  at("thanks-sent").textContent = answer.message;
  at("thanks-sent").hidden = false;
  at("thanks-again").hidden = answer.thanks_left === 0;
  words.value = "";
  countWords();
  say("Sent. Your words are on their way.", "good");
}

function usedUp() {
  form.hidden = true;
  say("You have said thanks three times; that is as many as we carry.", "");
}

async function refused(answer) {
  if (answer.status >= 500) throw new Error(answer.statusText);
  const problem = await answer.json();
  if (problem.code === "thanks_used_up") usedUp();
  else if (answer.status === 404 || answer.status === 410) say("This gift is no longer available, so nothing was sent.", "bad");
  else if (answer.status === 429) say("That was a little fast. Please try again in a minute.", "bad");
  else say(problem.errors?.[0]?.detail ?? "Please write a few words.", "bad");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  send.disabled = true;
  say("Sending…", "");
  try {
    const answer = await post("/thanks", { message: words.value });
    await (answer.ok ? answer.json().then(thanked) : refused(answer));
  } catch {
    say("That did not get through. Your words are still here; please try again.", "bad");
  }
  send.disabled = false;
});
words.addEventListener("input", countWords);
at("thanks-again").addEventListener("click", () => {
  for (const id of ["thanks-sent", "thanks-again"]) at(id).hidden = true;
  say("", "");
  form.hidden = false;
  words.focus();
});

at("answer-by-mail").hidden = true;
if (form.dataset.left === "0") usedUp();
else form.hidden = false;

// A picture that the shop has taken down leaves no hole.
const picture = at("product-image");
const hide = () => { picture.hidden = true; };
picture?.addEventListener("error", hide);
if (picture?.complete && !picture.naturalWidth) hide();
