const board = {
  sort: { key: facts.sorted_by, descending: facts.sorted_down },
  columns: new Set(facts.columns.filter((column) => column.shown).map((column) => column.key)),
  chosen: [],
};
const NAMES = ["dataset", "model", "strategy"];

function matching() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  return facts.rows.filter((row) => {
    const names = NAMES.map((name) => row[name]).join(" ").toLowerCase();
    const picked = NAMES.every((name) => {
      const wanted = byId(`filter-${name}`).value;
      return !wanted || row[name] === wanted;
    });
    return picked && words.every((word) => names.includes(word));
  });
}

const valueOf = (row, key) => (key in row.values ? row.values[key] : row[key]);

function inOrder(rows) {
  const { key, descending } = board.sort;
  const sign = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [valueOf(one, key), valueOf(other, key)];
    const missing = (a === null) - (b === null);
    if (missing || a === null) return missing;
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
  });
}

function bestOf(rows, column) {
  if (!column.better) return null;
  const ranked = rows.filter((row) => !row.values.note);
  const values = ranked.map((row) => valueOf(row, column.key)).filter(isNumber);
  if (values.length < 2) return null;
  const best = column.better === "higher" ? Math.max(...values) : Math.min(...values);
  return shown(best, column.digits);
}

function headOf(column) {
  const { key, descending } = board.sort;
  const sorted = column.key === key ? (descending ? "descending" : "ascending") : null;
  const turn = () => {
    const again = column.key === board.sort.key;
    const first = column.better === "higher";
    board.sort = { key: column.key, descending: again ? !board.sort.descending : first };
    showBoard();
    byId("board").querySelector(`[data-key="${CSS.escape(column.key)}"]`).focus();
  };
  return make(
    "th",
    {
      scope: "col",
      "aria-sort": sorted,
      class: column.kind === "number" ? "number" : column.key === "model" ? "pinned" : "",
      title: column.told,
    },
    make("button", { type: "button", "data-key": column.key, onclick: turn }, column.title),
  );
}

function lineOf(row, columns, best) {
  const tick = make("input", {
    type: "checkbox",
    "aria-label": `Compare ${titled(row)}`,
    onchange: () => choose(row.id),
  });
  tick.checked = board.chosen.includes(row.id);
  const cells = columns.map((column) => {
    const value = valueOf(row, column.key);
    if (column.key === "model") {
      const open = () => openModel(row);
      const link = make("a", { href: `#${partOf(row.model)}`, onclick: open }, row.model);
      return make("th", { scope: "row", class: "pinned" }, link);
    }
    if (column.kind === "text") return make("td", {}, shown(value));
    const text = shown(value, column.digits);
    const wins = !row.values.note && isNumber(value) && text === best.get(column.key);
    return make("td", { class: wins ? "number best" : "number" }, text);
  });
  return make("tr", { "data-row": row.id }, make("td", {}, make("label", { class: "tick" }, tick)), cells);
}

function groundLine(place, width) {
  const { dataset, data, part, n_images } = facts.grounds[place];
  const told = `${dataset}: ${shown(n_images, 0)} images of part ${part}, data ${data}`;
  return make("tr", { class: "ground" }, make("th", { colspan: width, scope: "rowgroup" }, told));
}

function showBoard() {
  const rows = matching();
  const columns = facts.columns.filter((column) => board.columns.has(column.key));
  const bodies = facts.grounds.map((_, place) => {
    const here = rows.filter((row) => row.ground === place);
    if (!here.length) return null;
    const best = new Map(columns.map((column) => [column.key, bestOf(here, column)]));
    return make(
      "tbody",
      {},
      groundLine(place, columns.length + 1),
      inOrder(here).map((row) => lineOf(row, columns, best)),
    );
  });
  const corner = make("th", { scope: "col" }, make("span", {}, "A, B"));
  byId("board").replaceChildren(
    make("thead", {}, make("tr", {}, corner, columns.map(headOf))),
    ...bodies.filter(Boolean),
  );
  tellFound(rows.length);
}

function tellFound(n) {
  const told = `${n} of ${facts.rows.length} lines`;
  const [a, b] = board.chosen.map((id) => titled(facts.rows[id]));
  const link = b ? make("a", { href: "#comparison" }, `Compare ${a} with ${b}`) : null;
  byId("found").replaceChildren(told, ...(link ? [". ", link] : a ? [`. A is ${a}: tick B`] : []));
}

function choose(id) {
  const without = board.chosen.filter((other) => other !== id);
  board.chosen = without.length < board.chosen.length ? without : [...without, id].slice(-2);
  for (const tick of byId("board").querySelectorAll("[data-row]")) {
    tick.querySelector("input").checked = board.chosen.includes(Number(tick.dataset.row));
  }
  board.chosen.forEach((chosen, k) => {
    byId(k ? "choice-b" : "choice-a").value = chosen;
  });
  tellFound(byId("board").querySelectorAll("[data-row]").length);
  showComparison();
}

function startBoard() {
  for (const name of NAMES) {
    const found = [...new Set(facts.rows.map((row) => row[name]))].sort();
    options(byId(`filter-${name}`), found.map((value) => [value, value]), "all");
    byId(`filter-${name}`).addEventListener("change", showBoard);
  }
  byId("search").addEventListener("input", showBoard);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("columns").append(
    ...facts.columns.map((column) => {
      const tick = make("input", {
        type: "checkbox",
        onchange: () => {
          if (tick.checked) board.columns.add(column.key);
          else board.columns.delete(column.key);
          showBoard();
        },
      });
      tick.checked = board.columns.has(column.key);
      return make("label", { title: column.told }, tick, column.title);
    }),
  );
  showBoard();
}
