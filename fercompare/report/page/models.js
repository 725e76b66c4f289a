const MODELS = [...new Set(facts.rows.map((row) => row.model))];
const partOf = (model) => `model-${MODELS.indexOf(model)}`;

function confusionTable(row) {
  const { classes } = ground(row);
  const shaded = row.confusion.map((line) => {
    const total = line.reduce((sum, count) => sum + count, 0);
    return line.map((count) => {
      const share = total ? count / total : null;
      const mean = count / row.seeds.length;
      const cell = make(
        "td",
        {},
        shown(share, 2),
        make("small", {}, shown(mean, mean % 1 ? 1 : 0)),
      );
      cell.style.setProperty("--share", share ?? 0);
      return cell;
    });
  });
  const caption = "Confusion: truth down, prediction across, counts as means over seeds";
  const head = make("tr", {}, make("td", {}), classes.map((name) => make("th", { scope: "col" }, name)));
  const lines = shaded.map((cells, k) =>
    make("tr", {}, make("th", { scope: "row" }, classes[k]), cells),
  );
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make(
      "table",
      { class: "confusion" },
      make("caption", {}, caption),
      make("thead", {}, head),
      make("tbody", {}, lines),
    ),
  );
}

function classTable(row) {
  const { classes, n_true } = ground(row);
  const { precision, recall, f1 } = row.classes;
  const balancing = row.balancing ? row.balancing.rows : null;
  const head = ["class", "precision", "recall", "F1", "test images", "training rows"];
  const lines = classes.map((name, k) => {
    const counts = balancing ? balancing[name] : null;
    const trained = counts
      ? `${shown(counts.before, 0)} → ${shown(counts.after, 0)}, ${shown(counts.real, 0)} real`
      : shown(row.training_counts[name], 0);
    return [
      name,
      shown(precision[k], 3),
      shown(recall[k], 3),
      shown(f1[k], 3),
      shown(n_true[k], 0),
      trained,
    ];
  });
  return table("Each class, means over seeds", head, lines);
}

const PLOT = { left: 34, right: 380, top: 8, bottom: 190 };

function frame(label, x, y, { xTicks, yTicks }) {
  const along = xTicks.map((tick) =>
    draw("text", { x: x(tick), y: PLOT.bottom + 14, "text-anchor": "middle" }, shown(tick)),
  );
  const up = yTicks.map((tick) => [
    draw("line", { class: "frame", x1: PLOT.left, x2: PLOT.right, y1: y(tick), y2: y(tick) }),
    draw("text", { x: PLOT.left - 5, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)),
  ]);
  const below = { x: (PLOT.left + PLOT.right) / 2, y: PLOT.bottom + 29, "text-anchor": "middle" };
  return [...up.flat(), ...along, draw("text", below, label)];
}

const scale = (low, high, from, to) => (value) =>
  from + ((to - from) * (value - low)) / (high - low || 1);

const path = (points) => `M${points.map((point) => point.map((v) => v.toFixed(1)).join(",")).join("L")}`;

function reliabilityChart(row) {
  if (!row.reliability) return null;
  const { rows, confidence, accuracy, error } = row.reliability;
  const [x, y] = [scale(0, 1, PLOT.left, PLOT.right), scale(0, 1, PLOT.bottom, PLOT.top)];
  const total = rows.reduce((sum, n) => sum + n, 0);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const width = (PLOT.right - PLOT.left) / rows.length;
  const full = rows.map((_, k) => k).filter((k) => rows[k]);
  const bars = full.map((k) =>
    draw("rect", {
      class: "bar",
      x: PLOT.left + k * width + 1,
      width: width - 2,
      y: y(rows[k] / total),
      height: PLOT.bottom - y(rows[k] / total),
    }),
  );
  const points = full.map((k) => [x(confidence[k]), y(accuracy[k])]);
  const dots = points.map(([cx, cy]) => draw("circle", { class: "dot", cx, cy, r: 3 }));
  const told = `Reliability: expected calibration error ${shown(error, 3)}`;
  return make(
    "figure",
    {},
    make("figcaption", {}, `${told}. Dots: accuracy of the images said with that confidence; bars: their share.`),
    draw(
      "svg",
      { class: "chart", viewBox: "0 0 390 222", role: "img", "aria-label": told },
      frame("confidence", x, y, { xTicks: ticks, yTicks: ticks }),
      bars,
      draw("path", { class: "diagonal", d: path([[x(0), y(0)], [x(1), y(1)]]) }),
      draw("path", { class: "line-0", d: path(points) }),
      dots,
    ),
  );
}

const CURVES = [
  ["val_accuracy", "accuracy, validation"],
  ["val_f1_macro", "macro-F1, validation"],
  ["accuracy", "accuracy, training"],
];

function curveChart(row) {
  if (!row.curves.length) return null;
  const series = CURVES.map(([key, label]) => ({
    label,
    seeds: row.curves.map((curve) => curve[key]).filter(Boolean),
  }));
  const longest = Math.max(...row.curves.map((curve) => curve.epoch.length));
  const x = scale(1, Math.max(longest, 2), PLOT.left, PLOT.right);
  const y = scale(0, 1, PLOT.bottom, PLOT.top);
  const lines = series.flatMap(({ seeds }, kind) =>
    seeds.map((values) => {
      const points = values.map((value, k) => [x(k + 1), y(value)]).filter(([, at]) => isNumber(at));
      const seed = seeds.length > 1 ? " seed" : "";
      return draw("path", { class: `line-${kind}${seed}`, d: path(points) });
    }),
  );
  const legend = series.map(({ label, seeds }, kind) =>
    seeds.length
      ? make(
          "span",
          {},
          draw("svg", { viewBox: "0 0 40 10" }, draw("path", { class: `line-${kind}`, d: "M0,5L40,5" })),
          label,
        )
      : null,
  );
  const step = Math.max(1, Math.round(longest / 6));
  const xTicks = Array.from({ length: longest }, (_, k) => k + 1).filter((k) => k % step === 0);
  const told = row.curves.length > 1 ? `Learning curves of ${row.curves.length} fits` : "Learning curve";
  return make(
    "figure",
    {},
    make("figcaption", {}, told),
    draw(
      "svg",
      { class: "chart", viewBox: "0 0 390 222", role: "img", "aria-label": told },
      frame("epoch", x, y, { xTicks, yTicks: [0, 0.2, 0.4, 0.6, 0.8, 1] }),
      lines,
    ),
    make("div", { class: "legend" }, legend),
  );
}

function plain(value) {
  if (value === null || typeof value !== "object") return shown(value);
  const pairs = Object.entries(value).map(([key, item]) => `${key} ${plain(item)}`);
  return Array.isArray(value) ? value.map(plain).join(", ") : pairs.join(", ");
}

function aboutPart(row) {
  const costs = Object.entries(row.costs).map(([name, value]) => [name, plain(value)]);
  const settings = Object.entries(row.parameters).map(([name, value]) => [name, plain(value)]);
  const machines = row.machines.map((place) => plain(facts.machines[place])).join(" / ");
  return [
    make("h3", {}, "Cost, means over seeds"),
    terms(costs),
    make("h3", {}, "Provenance"),
    terms([
      ["seeds", row.seeds.join(", ")],
      ["chosen by", row.selected_on.join("; ")],
      ["machine", machines],
    ]),
    settings.length
      ? make("details", {}, make("summary", {}, `${settings.length} settings`), terms(settings))
      : null,
  ];
}

function showRow(place, row) {
  const tables = make("div", { class: "panels" }, confusionTable(row), classTable(row));
  const charts = make("div", { class: "panels" }, reliabilityChart(row), curveChart(row));
  place.replaceChildren();
  append(place, [tables, charts, aboutPart(row)]);
}

function modelPart(model) {
  const rows = facts.rows.filter((row) => row.model === model);
  const place = make("div");
  const select = make("select", { onchange: () => showRow(place, facts.rows[select.value]) });
  options(select, rows.map((row) => [row.id, `${row.dataset}: ${row.strategy}`]));
  const best = rows[0];
  const metric = facts.metric;
  const about = `best ${metric} ${shown(best.values[metric], 3)} with ${best.strategy} on ${best.dataset}`;
  const part = make(
    "details",
    { id: partOf(model) },
    make("summary", {}, model, make("span", {}, ` · ${about}`)),
    make("p", { class: "controls" }, make("label", {}, "Data set and strategy ", select)),
    place,
  );
  part.addEventListener("toggle", () => {
    if (part.open && !place.hasChildNodes()) showRow(place, facts.rows[select.value]);
  });
  part.show = (row) => {
    select.value = row.id;
    showRow(place, row);
    part.open = true;
  };
  return part;
}

const openModel = (row) => byId(partOf(row.model)).show(row);

function startModels() {
  byId("model-parts").append(...MODELS.map(modelPart));
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open], .controls)")];
    for (const part of opened) {
      if (part.show) part.show(facts.rows[part.querySelector("select").value]);
      part.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
  });
}
