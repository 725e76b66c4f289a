async function lookAt(file) {
  stopCamera();
  complain("");
  tell("Looking …");
  const picture = byId("picture");
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  showStage(picture);
  clearFaces("Looking …");
  try {
    const answer = await ask(file);
    showFaces(answer);
    tell(summary(answer));
    byId("measure").textContent =
      `${answer.width} × ${answer.height} pixels, ${Math.round(answer.milliseconds)} ms`;
  } catch (error) {
    if (isVoid(error)) return;
    byId("stage").hidden = true;
    tell("");
    clearFaces("Nothing looked at.");
    complain(explained(error));
  }
}

function startDropping() {
  const drop = byId("drop");
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragenter" || name === "dragover");
    });
  }
  document.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (file) lookAt(file);
    else complain("what was dropped is no file: save the picture first, then drop it");
  });
}

function showModels() {
  const names = known.models.map((one) => one.name).join(", ");
  byId("models-line").textContent = `${names}; faces found by ${known.detector}.`;
  byId("ways").replaceChildren(
    ...known.models.flatMap(({ name, model, explained }) => [
      make("dt", {}, model && model !== name ? `${name} (${model})` : name),
      make("dd", {}, explained),
    ]),
  );
}

async function start() {
  byId("command").textContent = `curl --data-binary @picture.jpg ${location.origin}/faces`;
  byId("file").addEventListener("change", ({ target }) => {
    if (target.files[0]) lookAt(target.files[0]);
    target.value = "";
  });
  /* A browser cannot show every picture that the models can look at. */
  byId("picture").addEventListener("error", () => (byId("frame").hidden = true));
  byId("camera").addEventListener("click", () => (stream ? stopCamera() : startCamera()));
  byId("looked").addEventListener("change", repaint);
  startDropping();
  try {
    known = await (await fetch("/models")).json();
    showModels();
  } catch (error) {
    complain(explained(error));
  }
}

start();
