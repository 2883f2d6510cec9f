// A template's form: says where a script is broken as soon as one leaves it, shows the colours, weighs the files.
"use strict";

const MB = 1048576;
const LARGEST = 4 * MB;
const COLOURS = { background: "ink", accent: "accent_ink", panel: "panel_ink" };

function note(field, text) {
  let line = document.getElementById(`${field.id}_note`);
  if (!line) {
    line = document.createElement("p");
    line.id = `${field.id}_note`;
    line.className = "gf-note";
    line.setAttribute("role", "status");
    field.after(line);
  }
  line.textContent = text;
  line.hidden = !text;
}

function where(text, position) {
  const before = text.slice(0, position).split("\n");
  return `Line ${before.length}, column ${before.at(-1).length + 1}`;
}

function read(field) {
  try {
    const value = JSON.parse(field.value);
    note(field, "");
    return value;
  } catch (error) {
    const position = /position (\d+)/.exec(error.message);
    const place = position ? where(field.value, Number(position[1])) : "At its end";
    note(field, `${place}: this is broken. Often a comma or a quote is missing just before, or there is one too many.`);
    return null;
  }
}

function showColours(field) {
  const theme = read(field);
  let row = document.getElementById("theme-colours");
  if (!row) {
    row = document.createElement("div");
    row.id = "theme-colours";
    row.className = "gf-swatches";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", "The colours, as they go together");
    field.after(row);
  }
  row.replaceChildren();
  if (!theme) return;
  for (const [ground, ink] of Object.entries(COLOURS)) {
    if (!/^#[0-9a-f]{6}$/i.test(theme[ground] ?? "")) continue;
    const swatch = document.createElement("span");
    swatch.className = "gf-swatch";
    const colour = document.createElement("span");
    colour.className = "gf-colour";
    colour.style.background = theme[ground];
    colour.style.borderColor = /^#[0-9a-f]{6}$/i.test(theme[ink] ?? "") ? theme[ink] : theme[ground];
    swatch.append(colour, `${ink} on ${ground}`);
    row.append(swatch);
  }
}

for (const field of document.querySelectorAll("textarea.gf-script")) {
  const look = field.name === "theme" ? () => showColours(field) : () => read(field);
  field.addEventListener("blur", look);
  if (field.name === "theme") look();
}

const files = [...document.querySelectorAll("input[type=file]")];
for (const file of files) {
  file.addEventListener("change", () => {
    const chosen = files.flatMap((other) => [...other.files]);
    const all = chosen.reduce((sum, one) => sum + one.size, 0);
    const size = (all / MB).toFixed(1);
    const words = chosen.length > 1 ? `Together they have ${size} MB; at most 4 MB go at once: save one, then add the other.` : `This has ${size} MB; at most 4 MB can be taken.`;
    const isTooMuch = all > LARGEST;
    file.setCustomValidity(isTooMuch ? words : "");
    note(file, isTooMuch ? words : "");
    if (isTooMuch) file.value = "";
  });
}
