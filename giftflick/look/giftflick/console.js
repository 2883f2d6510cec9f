// The query console's editor: runs without leaving the page, stops, colours, and puts names into the statement.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const page = document.getElementById("console");
  const form = document.getElementById("console-form");
  const editor = document.getElementById("statement");
  const answer = document.getElementById("answer");
  const fields = document.getElementById("fields");
  const stop = document.getElementById("stop");
  const run = document.getElementById("run");
  const DRAFT = "giftflick-console";
  const TYPED = /^(version|statement|name|description|p_.*)$/;
  const FIELDS_AFTER_MS = 400;
  let isRunning = false;
  let asked = 0;
  let said = ""; // by the site, of the last wish to stop

  const notice = (text, kind = "bad") => {
    const line = document.createElement("p");
    line.className = `gf-notice gf-notice-${kind}`;
    line.setAttribute("role", "alert");
    line.textContent = text;
    answer.replaceChildren(line);
    return line;
  };

  // ---- Asking and stopping.

  async function ask() {
    if (isRunning) return;
    isRunning = true;
    said = "";
    keepDraft();
    run.disabled = true;
    stop.hidden = false;
    const started = performance.now();
    const told = document.createElement("p");
    told.className = "gf-card gf-running";
    told.textContent = "Asking …";
    answer.replaceChildren(told);
    const clock = setInterval(() => { told.textContent = `Asking … ${((performance.now() - started) / 1000).toFixed(1)} s. ${said}`; }, 100);
    try {
      const response = await fetch(form.getAttribute("action").replace("#answer", ""), {
        method: "POST", body: new FormData(form), headers: { "X-Part": "answer" }, credentials: "same-origin",
      });
      if (response.redirected) {
        const line = notice("To see personal data, show once more who you are. What you wrote is kept. ", "warn");
        const link = document.createElement("a");
        link.href = response.url;
        link.className = "gf-link";
        link.textContent = "Go on";
        line.append(link);
      } else if (response.headers.get("content-type")?.startsWith("text/html") && response.status !== 403) {
        answer.innerHTML = await response.text();
      } else {
        notice(response.status === 403 ? "You may not do this, or the page is too old: load it again." : `The site answered ${response.status}.`);
      }
    } catch {
      notice("The site did not answer. Is there a connection? Try again.");
    } finally {
      clearInterval(clock);
      isRunning = false;
      run.disabled = false;
      stop.hidden = true;
    }
    if (answer.getBoundingClientRect().top > innerHeight - 120) answer.scrollIntoView({ block: "nearest" });
  }

  form.addEventListener("submit", (event) => {
    keepDraft();
    if (event.submitter && event.submitter !== run) return;
    event.preventDefault();
    ask();
  });

  // Enter presses a form's first button, which would ask.
  form.elements.name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.requestSubmit(document.querySelector("#keep button"));
  });

  stop.addEventListener("click", async () => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const response = await fetch(page.dataset.stop, { method: "POST", body, credentials: "same-origin" }).catch(() => null);
    const isWords = response?.headers.get("content-type")?.startsWith("text/plain");
    said = isWords ? await response.text() : "The site did not hear it: press Stop again.";
  });

  // ---- The editor.

  let leavesByTab = false;
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      ask();
    } else if (event.key === "Escape") {
      leavesByTab = true;
    } else if (event.key === "Tab" && !event.shiftKey && !leavesByTab && !event.altKey && !event.ctrlKey) {
      event.preventDefault();
      insert("  ");
    } else if (event.key !== "Shift") {
      leavesByTab = false;
    }
  });
  editor.addEventListener("blur", () => { leavesByTab = false; });

  function insert(text) {
    editor.focus();
    if (!document.execCommand("insertText", false, text)) editor.setRangeText(text, editor.selectionStart, editor.selectionEnd, "end");
    changed();
  }

  function replace(text) {
    editor.focus();
    editor.select();
    insert(text);
    editor.setSelectionRange(0, 0);
    editor.scrollTop = 0;
  }

  const TOKENS = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$)|\$(\w*)\$[\s\S]*?(?:\$\3\$|$))|("(?:[^"]|"")*(?:"|$))|(::\w+)|((?<![\w:)\]]):[a-z_]\w*)|\b(\d+(?:\.\d+)?)\b|\b(select|from|where|and|or|not|in|is|null|as|on|join|left|right|full|inner|outer|cross|lateral|using|group|order|by|having|limit|offset|union|all|distinct|case|when|then|else|end|with|recursive|values|between|like|ilike|exists|filter|over|partition|within|desc|asc|nulls|first|last|interval|true|false|cast|coalesce|explain|table)\b/gi;
  const KINDS = [["note", 1], ["text", 2], ["value", 6], ["number", 7], ["word", 8]];

  function colour() {
    const shown = document.querySelector(".gf-editor-colors code");
    const parts = [];
    let end = 0;
    for (const match of editor.value.matchAll(TOKENS)) {
      const kind = KINDS.find(([, group]) => match[group] !== undefined);
      if (!kind) continue;
      parts.push(document.createTextNode(editor.value.slice(end, match.index)));
      const word = document.createElement("span");
      word.className = `gf-sql-${kind[0]}`;
      word.textContent = match[0];
      parts.push(word);
      end = match.index + match[0].length;
    }
    parts.push(document.createTextNode(`${editor.value.slice(end)}\n`));
    shown.replaceChildren(...parts);
    shown.parentElement.scrollTop = editor.scrollTop;
    page.classList.toggle("gf-colored", editor.value !== "");
  }

  let waiting = 0;
  function changed() {
    colour();
    clearTimeout(waiting);
    waiting = setTimeout(renewFields, FIELDS_AFTER_MS);
  }

  async function renewFields(filledIn = []) {
    const mine = ++asked;
    const names = [...editor.value.matchAll(/:([a-z_]\w*)/gi)].length;
    if (!names && !fields.children.length) return;
    const body = new FormData(form);
    for (const [name, value] of filledIn) body.set(name, value);
    const response = await fetch(page.dataset.fields, { method: "POST", body, credentials: "same-origin", redirect: "error" }).catch(() => null);
    if (response?.ok && mine === asked && !fields.contains(document.activeElement)) fields.innerHTML = await response.text();
  }

  // What was typed stays in this tab: the page is loaded anew once somebody has shown who they are.
  function keepDraft() {
    const typed = [...new FormData(form)].filter(([name]) => TYPED.test(name));
    try { sessionStorage.setItem(DRAFT, JSON.stringify(typed)); } catch { /* a full or forbidden store loses nothing that is shown */ }
  }

  function fillInDraft() {
    let typed = [];
    try { typed = JSON.parse(sessionStorage.getItem(DRAFT)) ?? []; } catch { /* as above */ }
    for (const [name, value] of typed) if (form.elements[name]) form.elements[name].value = value;
    renewFields(typed);
  }

  form.addEventListener("input", keepDraft);
  editor.addEventListener("input", changed);
  editor.addEventListener("scroll", () => { document.querySelector(".gf-editor-colors").scrollTop = editor.scrollTop; });

  // ---- What is beside it.

  for (const button of document.querySelectorAll(".gf-insert")) {
    button.addEventListener("click", () => insert(button.dataset.insert));
  }
  for (const button of document.querySelectorAll(".gf-again")) {
    button.addEventListener("click", () => replace(button.dataset.statement));
  }
  for (const box of document.querySelectorAll("[data-finds]")) {
    box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      for (const item of document.getElementById(box.dataset.finds).children) {
        item.hidden = !item.textContent.toLowerCase().includes(wanted) && !(item.querySelector("a")?.title ?? "").toLowerCase().includes(wanted);
      }
    });
  }
  answer.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell && !getSelection().toString()) cell.classList.toggle("gf-wide");
  });

  if (location.hash === "#kept" || !editor.value) fillInDraft();
  colour();
});
