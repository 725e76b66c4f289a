"use strict";

const byId = (id) => document.getElementById(id);

/* Names come from files: text enters the page as text, never as markup. */
function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== ""));
  return made;
}

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  const space = "http://www.w3.org/2000/svg";
  return fill(document.createElementNS(space, tag), attributes, children);
}

const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

function tell(text) {
  byId("status").textContent = text;
}

function complain(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

/* What the server knows, asked for once. */
let known = null;

/* The one request under way; another picture makes it void. */
let asking = null;

async function ask(picture) {
  asking?.abort();
  const own = (asking = new AbortController());
  if (known && picture.size > known.most_bytes) {
    const megabytes = (picture.size / 2 ** 20).toFixed(1);
    throw new Error(
      `the picture has ${megabytes} MB, more than ${(known.most_bytes / 2 ** 20).toFixed(1)}: ` +
        "save it smaller",
    );
  }
  const maps = byId("looked").checked ? "yes" : "no";
  const type = { "Content-Type": picture.type || "application/octet-stream" };
  const asked = { method: "POST", body: picture, headers: type, signal: own.signal };
  const response = await fetch(`/faces?maps=${maps}`, asked);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const isVoid = (error) => error.name === "AbortError";

function explained(error) {
  if (error instanceof TypeError) return "the server does not answer: is it still running?";
  return error.message;
}
