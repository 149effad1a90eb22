// Kernels and feature maps: at the first checkpoint, at the one before the chosen step, and between.
const NAN = -128;
const SHADES = 127;
const NEGATIVE = [33, 102, 172];
const NEUTRAL = [243, 243, 243];
const POSITIVE = [178, 88, 6];
const UNKNOWN = [255, 0, 255];

function shade(level) {
  if (level === NAN) return UNKNOWN;
  const end = level < 0 ? NEGATIVE : POSITIVE;
  const share = Math.min(1, Math.abs(level) / SHADES) ** 0.7;
  return NEUTRAL.map((from, channel) => from + share * (end[channel] - from));
}

// A canvas of images (rows, columns, H, W), a pixel apart, each pixel a square.
function canvasOf(levels, [rows, columns, height, width], label) {
  const canvas = h("canvas", { width: columns * (width + 1) - 1, height: rows * (height + 1) - 1, role: "img", "aria-label": label });
  const image = new ImageData(canvas.width, canvas.height);
  levels.forEach((level, place) => {
    const x = place % width;
    const y = Math.floor(place / width) % height;
    const column = Math.floor(place / (width * height)) % columns;
    const row = Math.floor(place / (width * height * columns));
    const at = 4 * ((row * (height + 1) + y) * canvas.width + column * (width + 1) + x);
    image.data.set([...shade(level), 255], at);
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
  const side = Math.max(1, Math.min(20, Math.floor(520 / canvas.width), Math.floor(260 / canvas.height)));
  canvas.style.width = `${canvas.width * side}px`;
  return canvas;
}

function picture(levels, shape, caption) {
  return h("figure", { class: "picture" }, h("figcaption", {}, caption), canvasOf(levels, shape, caption));
}

// The same images before and after, and twice their difference where it is of interest.
function album(name, title, { steps, images }) {
  const found = images?.[name];
  if (!found) return [];
  const shape = found.levels.shape.slice(1);
  const page = upTo(steps, stepAt(chosen.place));
  const before = part(found.levels, 0);
  const after = part(found.levels, page);
  const change = Int8Array.from(after, (level, place) => Math.max(-SHADES, Math.min(SHADES, level - before[place])));
  const pictures = [picture(before, shape, `before step ${steps[0]}`)];
  if (page > 0) pictures.push(picture(after, shape, `before step ${steps[page]}`), picture(change, shape, "the change"));
  return [h("h4", {}, title), h("p", { class: "soft" }, `blue −${number(found.limit)}, white 0, brown ${number(found.limit)}`),
    h("div", { class: "pictures" }, pictures)];
}

function albums(tile) {
  const { kernels, maps } = told.images || {};
  return [
    ...(tile.weights || []).flatMap((weight) => album(weight.path, weight.path, kernels || {})),
    ...album(tile.key, "what it makes of the first row of the data", maps || {}),
  ];
}
