"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const byId = (id) => document.getElementById(id);

/* Names come from outside: text enters the page as text, never as markup. */
function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== "") parent.append(child);
  }
  return parent;
}

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value);
  }
  return append(made, children);
}

function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return append(made, children);
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

function shown(value, digits) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value !== "number") return String(value);
  if (digits === undefined) return value.toLocaleString("en", { maximumFractionDigits: 3 });
  return value.toLocaleString("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function signed(value, digits = 4) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value > 0 ? "+" : "−") + text;
}

const titled = (row) => `${row.model}, ${row.strategy}`;
const ground = (row) => facts.grounds[row.ground];

function options(select, values, first) {
  const made = values.map(([value, text]) => make("option", { value }, text));
  select.replaceChildren(...(first ? [make("option", { value: "" }, first)] : []), ...made);
}

function table(caption, head, lines, attributes = {}) {
  const cell = (value, column) =>
    column === 0
      ? make("th", { scope: "row" }, value)
      : make("td", { class: "number" }, value);
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make(
      "table",
      attributes,
      make("caption", {}, caption),
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          head.map((text, column) =>
            make("th", { scope: "col", class: column ? "number" : "" }, text),
          ),
        ),
      ),
      make(
        "tbody",
        {},
        lines.map((line) => make("tr", {}, line.map(cell))),
      ),
    ),
  );
}

function terms(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined);
  return make("dl", {}, known.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function unpacked(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function numbers(text) {
  const bytes = unpacked(text);
  return new Float32Array(bytes.buffer, 0, bytes.length / 4);
}
