// The network: a tile for each call, row below row, and lines from what a call reads.
const POINTS = 90;
const LEVELS = ["unknown", "well", "doubtful", "ill"];
const SIGNS = ["", "✓", "!", "✕"];

// A course of at most POINTS points, of several steps the largest; on a logarithmic scale.
function spark(values) {
  const count = Math.min(POINTS, values.length);
  const edge = (point) => Math.floor((point * values.length) / count);
  const points = Array.from({ length: count }, (_, point) => {
    const known = values.subarray(edge(point), edge(point + 1)).filter(Number.isFinite);
    return known.length ? Math.max(...known) : NaN;
  });
  const logs = points.map((value) => (value > 0 ? Math.log10(value) : NaN));
  const finite = logs.filter(Number.isFinite);
  const low = Math.min(...finite);
  const span = Math.max(Math.max(...finite) - low, 0.05);
  const path = points.map((value, i) => {
    if (Number.isNaN(value)) return "";
    const y = value > 0 ? 20 - (16 * (logs[i] - low)) / span : 23;
    const begins = i === 0 || Number.isNaN(points[i - 1]);
    return `${begins ? "M" : "L"}${((100 * i) / Math.max(1, points.length - 1)).toFixed(1)} ${y.toFixed(1)}`;
  });
  const d = points.length === 1 && path[0] ? `${path[0]}h100` : path.join("");
  return s("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { d }), s("line", { class: "now", y1: 0, y2: 24 }));
}

function tileOf(tile) {
  const rows = coursesOf(tile).map(([name, title, values]) =>
    h("span", { class: "course", title, "data-name": name },
      h("span", {}, name), spark(values), h("span", { class: "value" })));
  const of = tile.kind === "input" ? null : h("span", { class: "kind" }, tile.kind);
  return h("button", { class: "tile", type: "button", "data-key": tile.key, onclick: () => choose(tile.key) },
    h("span", { class: "head" }, h("span", { class: "name" }, tile.label), of),
    h("span", { class: "shape" }, tile.shape), ...rows, h("span", { class: "sign" }));
}

function drawNetwork() {
  const box = byId("rows");
  const focused = document.activeElement?.dataset?.key;
  byId("panel").append(byId("call"));  // which may stand between the rows
  const rows = [];
  for (const tile of told.tiles || []) (rows[tile.place[0]] ||= []).push(tile);
  for (const row of rows) row.sort((a, b) => a.place[1] - b.place[1]);
  box.replaceChildren(...rows.map((row) => h("div", { class: "row" }, row.map(tileOf))));
  if (focused) tileElement(focused)?.focus();
}

const tileElement = (key) => document.querySelector(`.tile[data-key="${CSS.escape(key)}"]`);

// What changes with the step: numbers, marks on the courses, and signs.
function moveNetwork() {
  const share = (100 * chosen.place) / Math.max(1, lastPlace());
  for (const tile of told.tiles || []) {
    const element = tileElement(tile.key);
    const { level, texts } = verdict(tile);
    element.className = `tile ${LEVELS[level]}`;
    element.setAttribute("aria-pressed", String(tile.key === chosen.call));
    element.querySelector(".sign").textContent = level > 1 ? `${SIGNS[level]} ${texts.join("; ")}` : "";
    for (const [name, , values] of coursesOf(tile)) {
      const row = element.querySelector(`[data-name="${name}"]`);
      row.querySelector(".value").textContent = number(values[chosen.place]);
      const now = row.querySelector(".now");
      now.setAttribute("x1", share);
      now.setAttribute("x2", share);
    }
  }
}

// Lines behind the tiles. One that passes rows by goes around their right side.
function drawLines() {
  if (!told) return;
  const box = byId("rows");
  const origin = box.getBoundingClientRect();
  const placeOf = (key) => {
    const own = tileElement(key).getBoundingClientRect();
    return { x: own.left + own.width / 2 - origin.left, top: own.top - origin.top, bottom: own.bottom - origin.top, right: own.right - origin.left };
  };
  const lines = [];
  let width = box.scrollWidth;
  for (const tile of told.tiles || []) {
    const to = placeOf(tile.key);
    for (const key of tile.inputs) {
      const from = placeOf(key);
      const apart = tile.place[0] - callOf(key).place[0];
      const middle = (from.bottom + to.top) / 2;
      const side = Math.max(from.right, to.right) + 10 + 3 * Math.min(apart, 6);
      const way = apart === 1
        ? `C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.top}`
        : `C${from.x} ${from.bottom + 14} ${side} ${from.bottom} ${side} ${from.bottom + 24} V${to.top - 24} C${side} ${to.top} ${to.x} ${to.top - 14} ${to.x} ${to.top}`;
      if (apart !== 1) width = Math.max(width, side + 2);
      lines.push(s("path", { d: `M${from.x} ${from.bottom} ${way}` }));
    }
  }
  const size = { width, height: box.scrollHeight };
  byId("lines").replaceChildren(...lines);
  for (const [name, value] of Object.entries(size)) byId("lines").setAttribute(name, value);
}
