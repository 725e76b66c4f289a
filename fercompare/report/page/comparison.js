/* An interval ends where the metric does. */
function intervalOf({ difference, reach, most }) {
  return [difference - reach, difference + reach].map((end) =>
    Math.min(Math.max(end, -most), most),
  );
}

function claim(a, b, metric, found) {
  const { difference, pHolm } = found;
  const better = facts.metrics[metric];
  const [valueA, valueB] = [a, b].map((row) => row.values[metric].toFixed(4));
  let told = `cannot be told from ${titled(b)}`;
  if (pHolm < facts.alpha) {
    const wins = difference > 0 === (better === "higher");
    told = `is ${wins ? "better" : "worse"} than ${titled(b)}`;
  }
  const [low, high] = intervalOf(found).map((end) => signed(end));
  const { dataset, pairs } = ground(a);
  const n = pairs[metric].n_images;
  return (
    `On the ${shown(n, 0)} images of ${dataset}, ${titled(a)} ${told} by ${metric}: ` +
    `${valueA} against ${valueB}, a difference of ${signed(difference)} ` +
    `(95 % interval ${low} to ${high}, p = ${probability(pHolm)} after Holm).`
  );
}

function probability(p) {
  if (!Number.isFinite(p)) return "unknown";
  return p < 0.0001 ? p.toExponential(1) : String(Number(p.toPrecision(2)));
}

function scope(a, b) {
  const marked = [a, b].filter((row) => row.values.note);
  const notes = marked.map((row) => `${titled(row)}: ${row.values.note}.`);
  return [...notes, scopeOfSeeds(a, b)].join(" ");
}

function scopeOfSeeds(a, b) {
  const seeds = [a.seeds.length, b.seeds.length];
  const single = seeds[0] === seeds[1] ? "each" : "one of them";
  return Math.min(...seeds) === 1
    ? `With a single seed of ${single} this is about the fits at hand; other seeds may turn it.`
    : `Images and seeds (${seeds.join(" and ")}) are both counted.`;
}

function intervalChart(found) {
  const { difference } = found;
  const [low, high] = intervalOf(found);
  const most = 1.15 * Math.max(-low, high, 1e-6);
  const at = (value) => 200 + (180 * value) / most;
  const y = 24;
  return draw(
    "svg",
    {
      class: "chart",
      viewBox: "0 0 400 60",
      role: "img",
      "aria-label": `difference ${signed(difference)}, from ${signed(low)} to ${signed(high)}`,
    },
    draw("line", { class: "frame", x1: 10, x2: 390, y1: y, y2: y }),
    draw("line", { class: "diagonal", x1: 200, x2: 200, y1: 6, y2: 40 }),
    draw("line", { class: "line-0", x1: at(low), x2: at(high), y1: y, y2: y }),
    draw("circle", { class: "dot", cx: at(difference), cy: y, r: 5 }),
    draw("text", { x: 200, y: 55, "text-anchor": "middle" }, "no difference"),
    draw("text", { x: 10, y: 55 }, "B higher"),
    draw("text", { x: 390, y: 55, "text-anchor": "end" }, "A higher"),
  );
}

function countsOf(a, b, metric) {
  const { both, onlyA, onlyB, p } = mcnemarOfSeeds(a, b, metric);
  const n = ground(a).pairs[metric].n_images;
  const lines = [
    ["both right", shown(both, both % 1 ? 1 : 0)],
    ["only A right", shown(onlyA, onlyA % 1 ? 1 : 0)],
    ["only B right", shown(onlyB, onlyB % 1 ? 1 : 0)],
    ["both wrong", shown(n - both - onlyA - onlyB, (both + onlyA + onlyB) % 1 ? 1 : 0)],
  ];
  const fits = a.seeds.length * b.seeds.length > 1 ? ", means over the pairs of seeds" : "";
  const told = `Image by image${fits}: McNemar's p = ${probability(p)}`;
  const counts = table(told, ["", "images"], lines);
  counts.dataset.p = p;
  return counts;
}

function showComparison() {
  const [a, b] = ["choice-a", "choice-b"].map((id) => facts.rows[byId(id).value]);
  const metric = byId("choice-metric").value;
  const say = (text) => byId("compared").replaceChildren(make("p", { class: "note" }, text));
  if (!a || !b) return say("Two lines are needed.");
  if (a === b) return say("A and B are the same line: choose another.");
  if (a.ground !== b.ground) {
    return say("These two were not scored on the same images: nothing may be claimed.");
  }
  const found = differenceOf(a, b, metric);
  if (!isNumber(found.difference)) return say(`One of them has no ${metric}.`);
  const shownFound = byId("compared");
  Object.assign(shownFound.dataset, found);
  shownFound.replaceChildren(
    make("p", { class: "claim" }, claim(a, b, metric, found)),
    make("p", { class: "note" }, `${scope(a, b)} p is corrected for all pairs of the
      ranking, as its letters are; of this pair alone it is ${probability(found.p)}.`),
    make("div", { class: "panels" }, intervalChart(found), countsOf(a, b, metric)),
  );
  return null;
}

function startComparison() {
  const groups = facts.grounds.map(({ dataset }, place) =>
    facts.rows
      .filter((row) => row.ground === place)
      .map((row) => [row.id, facts.grounds.length > 1 ? `${dataset}: ${titled(row)}` : titled(row)]),
  );
  for (const id of ["choice-a", "choice-b"]) {
    options(byId(id), groups.flat());
    byId(id).addEventListener("change", () => {
      const both = [byId("choice-a").value, byId("choice-b").value].map(Number);
      board.chosen = [...new Set(both)];
      showBoard();
      showComparison();
    });
  }
  if (facts.rows.length > 1) byId("choice-b").selectedIndex = 1;
  options(byId("choice-metric"), facts.compared.map((name) => [name, name]));
  byId("choice-metric").addEventListener("change", showComparison);
  byId("swap").addEventListener("click", () => {
    const [a, b] = [byId("choice-a"), byId("choice-b")];
    [a.value, b.value] = [b.value, a.value];
    showComparison();
  });
  showComparison();
}
