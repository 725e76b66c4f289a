const CAMERA = { video: { width: { ideal: 640 }, height: { ideal: 480 } }, audio: false };
const QUALITY = 0.9;
const MOST_SIDE = 960;
const TROUBLES = {
  NotAllowedError: "the camera was not allowed: allow it for this page, and try again",
  NotFoundError: "there is no camera on this machine",
  NotReadableError: "the camera is in use by another program",
};

let stream = null;

function grab(film) {
  const scale = Math.min(1, MOST_SIDE / Math.max(film.videoWidth, film.videoHeight));
  const canvas = make("canvas", {
    width: Math.round(scale * film.videoWidth),
    height: Math.round(scale * film.videoHeight),
  });
  canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height);
  return new Promise((give) => canvas.toBlob(give, "image/jpeg", QUALITY));
}

const nextFrame = () => new Promise((give) => requestAnimationFrame(give));

/* The next picture leaves only when the answer to the last one is there. */
async function watch(own) {
  let [n, rate, before] = [0, null, performance.now()];
  while (stream === own) {
    await nextFrame();
    const answer = await ask(await grab(byId("film")));
    if (stream !== own) return;
    showFaces(answer);
    const now = performance.now();
    rate = rate === null ? now - before : 0.8 * rate + 0.2 * (now - before);
    before = now;
    n += 1;
    byId("measure").textContent =
      `${counted(answer)}, ${(1000 / rate).toFixed(1)} answers a second, ${n} so far`;
  }
}

function stopCamera(text = "The camera is off.") {
  if (!stream) return;
  for (const track of stream.getTracks()) track.stop();
  stream = null;
  asking?.abort();
  byId("film").srcObject = null;
  byId("camera").textContent = "Use the camera";
  tell(text);
}

async function startCamera() {
  complain("");
  if (!navigator.mediaDevices) {
    complain("the browser lends its camera only to pages of this machine, or over https");
    return;
  }
  const film = byId("film");
  try {
    stream = await navigator.mediaDevices.getUserMedia(CAMERA);
    const own = stream;
    own.getVideoTracks()[0].addEventListener("ended", () => {
      if (stream === own) stopCamera("The camera has gone away; the last answers stay.");
    });
    film.srcObject = own;
    await film.play();
    showStage(film);
    byId("camera").textContent = "Stop the camera";
    tell("The camera is on; its pictures go to this machine’s own program, one at a time.");
    await watch(own);
  } catch (error) {
    if (isVoid(error)) return;
    stopCamera("The camera was stopped.");
    complain(TROUBLES[error.name] || explained(error));
  }
}
