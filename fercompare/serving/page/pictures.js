const ENLARGED = 208;
const STRONGEST = 0.72;

/* Orange for what speaks for the answer, blue for what speaks against it. */
const FOR = [242, 110, 10];
const AGAINST = [20, 104, 200];

function largest(map) {
  return map.reduce((most, row) => row.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0);
}

function tinted(map) {
  const image = new ImageData(map[0].length, map.length);
  const most = largest(map) || 1;
  map.flat().forEach((value, k) => {
    const strength = Math.abs(value) / most;
    image.data.set(value > 0 ? FOR : AGAINST, 4 * k);
    image.data[4 * k + 3] = Math.round(255 * STRONGEST * strength ** 0.8);
  });
  const canvas = make("canvas", { width: image.width, height: image.height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

async function paintCrop(canvas, answer) {
  const crop = new Image();
  crop.src = answer.crop;
  await crop.decode();
  canvas.width = ENLARGED;
  canvas.height = Math.round((ENLARGED * crop.height) / crop.width);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(crop, 0, 0, canvas.width, canvas.height);
  if (answer.map && byId("looked").checked) {
    pen.drawImage(tinted(answer.map), 0, 0, canvas.width, canvas.height);
  }
}

function showBoxes({ width, height, faces }) {
  const size = Math.max(width, height) / 28;
  const marks = faces.map(({ box: [left, top, right, bottom] }, k) => {
    const place = { x: left, y: top, width: right - left, height: bottom - top };
    const [x, y] = [Math.max(left, 0), Math.max(top, 0)];
    const wide = size * (0.5 + 0.65 * String(k + 1).length);
    return draw(
      "g",
      {},
      draw("rect", { ...place, class: "edge" }),
      draw("rect", place),
      draw("rect", { x, y, width: wide, height: 1.25 * size, class: "tag" }),
      draw("text", { x: x + 0.25 * size, y: y + size, "font-size": size }, String(k + 1)),
    );
  });
  byId("boxes").setAttribute("viewBox", `0 0 ${width} ${height}`);
  byId("boxes").replaceChildren(...marks);
}

function showStage(element) {
  byId("stage").hidden = byId("frame").hidden = false;
  for (const one of [byId("picture"), byId("film")]) one.hidden = one !== element;
  byId("boxes").replaceChildren();
  byId("measure").textContent = "";
}
