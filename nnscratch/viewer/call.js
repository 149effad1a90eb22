// The panel of the chosen call.
const QUANTITIES = { output: "output", output_gradient: "gradient by it", value: "value", gradient: "gradient", update: "update" };

function link(key) {
  const tile = callOf(key);
  return h("button", { class: "link", type: "button", onclick: () => choose(key) }, tile.label);
}

function drawCall() {
  const tile = callOf(chosen.call);
  const panel = byId("call");
  panel.hidden = !tile;
  if (!tile) return;
  placePanel();
  const readers = told.tiles.filter((other) => other.inputs.includes(tile.key));
  const listed = (keys) => keys.flatMap((key, i) => [i ? ", " : "", link(key)]);
  const quantities = quantitiesOf(tile);
  if (!quantities.some(({ id }) => id === chosen.quantity)) chosen.quantity = quantities[0]?.id ?? null;
  byId("call-head").replaceChildren(
    h("h3", { tabindex: "-1", id: "call-name" }, tile.label),
    tile.settings ? h("p", {}, h("code", {}, `${tile.kind}(${tile.settings.join(", ")})`)) : "",
    h("dl", { class: "facts" },
      ...entry("reads", tile.inputs.length ? [...listed(tile.inputs), `: ${tile.input_shapes.join(", ")}`] : null),
      ...entry("makes", [tile.shape]),
      ...entry("read by", readers.length ? listed(readers.map((other) => other.key)) : ["the loss, or nobody"])));
  byId("quantity").replaceChildren(...quantities.map(({ id, label }) => h("option", { value: id, selected: id === chosen.quantity }, label)));
  byId("spread-part").hidden = !quantities.length;
  const recorded = recordedOf(tile).length > 0;
  byId("courses").hidden = !recorded;
  if (recorded) drawCourses(tile);
  byId("call-foot").replaceChildren(...formulae(tile), ...cacheOf(tile));
}

const entry = (name, children) => (children ? [h("dt", {}, name), h("dd", {}, children)] : []);

// What changes with the step.
function moveCall() {
  const tile = callOf(chosen.call);
  if (!tile) return;
  const { level, texts } = verdict(tile);
  const said = tile.kind === "input" || !texts[0] ? "" : `At step ${stepAt(chosen.place)}: ${texts.join("; ")}.`;
  byId("call-sign").textContent = said;
  byId("call-sign").className = LEVELS[level];
  byId("numbers").replaceChildren(...numbersOf(tile));
  byId("albums").replaceChildren(...albums(tile));
  if (recordedOf(tile).length) Plotly.relayout(byId("courses"), { shapes: [cursor(stepAt(chosen.place))] });
  drawSpread(tile);
}

// The call and its weights, as far as a recorder saw them.
function recordedOf(tile) {
  const names = [tile.key, ...(tile.weights || []).map((weight) => weight.path)];
  return names.filter((name) => told.tracks?.[name]);
}

function numbersOf(tile) {
  const names = recordedOf(tile);
  if (!names.length) return [];
  const at = (name, quantity, statistic) => series(name, quantity, statistic)[chosen.place];
  const saturates = names.includes(tile.key) && !Number.isNaN(at(tile.key, "output", "saturated"));
  const statistics = told.statistics.filter((statistic) => saturates || statistic !== "saturated");
  const cells = (name, quantity) => statistics.map((statistic) => {
    const value = at(name, quantity, statistic);
    return h("td", { class: "number" }, ["zeros", "saturated"].includes(statistic) ? percent(value) : number(value));
  });
  const rows = names.flatMap((name) => Object.keys(told.tracks[name]).map((quantity) => {
    const own = name === tile.key ? "" : `${name.split("/").pop()}: `;
    return h("tr", {}, h("th", { scope: "row" }, own + QUANTITIES[quantity]), cells(name, quantity));
  }));
  const head = ["", ...statistics].map((name) => h("th", { scope: "col", class: name && "number" }, name));
  return [h("h4", {}, `Numbers of step ${stepAt(chosen.place)}`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "numbers" }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)))];
}

function formulae(tile) {
  if (!tile.sections?.length) return [];
  return [h("h4", {}, "Formulae"), h("dl", { class: "facts" }, tile.sections.flatMap(([name, text]) => entry(name.toLowerCase(), [text])))];
}

function cacheOf(tile) {
  const fields = told.caches?.[tile.key];
  if (!fields) return [];
  const items = fields.map(({ name, shape, dtype, bytes: count }) =>
    h("li", {}, h("code", {}, `${name || "array"} (${shape.join(", ")}) ${dtype}`), `, ${bytes(count)} a row`));
  return [h("h4", {}, "What it keeps for its backward pass"), items.length ? h("ul", {}, items) : h("p", {}, "Nothing.")];
}

// Beside the network where there is room, else below the row of the tile.
function placePanel() {
  const panel = byId("call");
  const row = tileElement(chosen.call)?.closest(".row");
  if (narrow.matches && row) row.after(panel);
  else byId("panel").append(panel);
}
