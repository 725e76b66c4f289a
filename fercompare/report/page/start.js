const THEMES = ["", "light", "dark"];

function remembered(theme) {
  try {
    if (theme === undefined) return localStorage.getItem("fercompare-theme") || "";
    localStorage.setItem("fercompare-theme", theme);
  } catch {
    /* A page from a file may not remember: it follows the system then. */
  }
  return theme || "";
}

function showTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  byId("theme").textContent = `Theme: ${theme || "as the system"}`;
}

function startTheme() {
  showTheme(remembered());
  byId("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || "";
    const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    remembered(next);
    showTheme(next);
  });
}

function alarmPart({ title, text, lines }) {
  return make(
    "div",
    { class: "alarm" },
    make("p", {}, make("strong", {}, `${title}: `), text),
    lines.length > 3
      ? make(
          "details",
          {},
          make("summary", {}, `${lines.length} lines`),
          make("ul", {}, lines.map((line) => make("li", {}, line))),
        )
      : make("ul", {}, lines.map((line) => make("li", {}, line))),
  );
}

function startAlarms() {
  byId("n-warnings").textContent = `(${facts.alarms.length})`;
  const none = make("p", { class: "note" }, "None: nothing that is looked for was found.");
  byId("alarms").append(...(facts.alarms.length ? facts.alarms.map(alarmPart) : [none]));
}

function startSources() {
  const data = facts.grounds.map((one) => [
    `${one.dataset}, data ${one.data}`,
    [`${shown(one.n_images, 0)} images of part ${one.part}`, plain(one.notes)].join("; "),
  ]);
  const machines = facts.machines.map((machine, k) => [`machine ${k + 1}`, plain(machine)]);
  byId("sources").append(terms([...data, ...machines]));
  byId("summary").textContent = facts.summary;
}

startTheme();
startAlarms();
startBoard();
startComparison();
startModels();
startSources();
