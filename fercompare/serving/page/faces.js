/* Points that models lie apart before a class is marked. */
const APART = 20;

function spreads(answers) {
  const found = {};
  for (const name of new Set(answers.flatMap((one) => Object.keys(one.probabilities)))) {
    const shares = answers.map((one) => one.probabilities[name]).filter((p) => p !== undefined);
    const points = Math.round(100 * (Math.max(...shares) - Math.min(...shares)));
    if (points >= APART) found[name] = points;
  }
  return found;
}

function bar(name, share, isFirst, points) {
  const mark = points
    ? make("span", { class: "apart", title: `the models lie ${points} points apart` }, `↔ ${points}`)
    : "";
  return make(
    "li",
    { class: isFirst ? "first" : "" },
    make("span", {}, name, mark),
    draw(
      "svg",
      { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      draw("rect", { width: 100, height: 10, class: "ground" }),
      draw("rect", { width: 100 * share, height: 10, class: "share" }),
    ),
    make("span", { class: "percent" }, percent(share)),
  );
}

function deepest(map) {
  const most = largest(map);
  return most ? `deepest colour: ±${Number(most.toPrecision(3))}` : "nothing moved its score";
}

function answerPart(answer, apart) {
  const { model, emotion, probabilities, map } = answer;
  const canvas = make("canvas", {
    role: "img",
    "aria-label": `The face as ${model} sees it${map ? ", and where it looked" : ""}`,
  });
  canvas.answer = answer;
  paintCrop(canvas, answer);
  const facts = known?.models.find((one) => one.name === model);
  const sure = facts?.has_probabilities === false ? "gives no probabilities" : percent(probabilities[emotion]);
  return make(
    "section",
    { class: "answer" },
    make("h4", {}, model),
    make(
      "div",
      { class: "top" },
      canvas,
      make("p", { class: "choice" }, emotion, make("small", {}, sure)),
    ),
    map ? make("p", { class: "deepest" }, deepest(map)) : "",
    make(
      "ul",
      { class: "bars", "aria-label": `All classes of ${model}` },
      Object.entries(probabilities).map(([name, share]) =>
        bar(name, share, name === emotion, apart[name]),
      ),
    ),
  );
}

function verdict({ agree, divergence, answers }) {
  if (answers.length < 2) return "";
  if (agree === null) return "The models know other classes and cannot be compared";
  const distance = divergence === null ? "" : `; distance ${divergence.toFixed(2)}`;
  const said = [...new Set(answers.map((one) => one.emotion))];
  if (!agree) return `The models disagree: ${said.join(" or ")}${distance}`;
  const who = said.length > 1 ? "The models that know the same classes" : "The models";
  return `${who} agree: ${said.join(", ")}${distance}`;
}

function facePart(face, k) {
  const apart = spreads(face.answers);
  return make(
    "article",
    { class: `face${face.agree === false ? " apart" : ""}`, "aria-label": `Face ${k + 1}` },
    make(
      "header",
      {},
      make("h3", {}, `Face ${k + 1}`),
      make("p", { class: "verdict" }, verdict(face)),
      make("p", { class: "faint" }, `found with a score of ${face.score.toFixed(2)}`),
    ),
    make(
      "div",
      { class: "answers" },
      face.answers.map((answer) => answerPart(answer, apart)),
    ),
  );
}

const counted = ({ faces }) => (faces.length === 1 ? "1 face" : `${faces.length} faces`);

function summary(answer) {
  const { faces } = answer;
  if (!faces.length) return "No face was found.";
  const n = counted(answer);
  const differ = faces.filter((face) => face.agree === false).length;
  if (faces[0].agree === null) return `${n} found.`;
  return `${n} found; the models disagree about ${differ || "none"}.`;
}

function showFaces(answer) {
  showBoxes(answer);
  byId("none").hidden = answer.faces.length > 0;
  byId("none").textContent =
    "No face was found in it. A face should be upright and at least a few dozen pixels high.";
  byId("faces").replaceChildren(...answer.faces.map(facePart));
}

function clearFaces(text) {
  byId("none").hidden = false;
  byId("none").textContent = text;
  byId("faces").replaceChildren();
}

function repaint() {
  for (const canvas of document.querySelectorAll(".answer canvas")) {
    paintCrop(canvas, canvas.answer);
  }
}
