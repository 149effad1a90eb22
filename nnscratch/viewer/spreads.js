// Histograms over the steps: a column for each look, and beside them that of the chosen step.
const BINS = 72;

// Densities of looks over bins that all have in common: (BINS, looks), null where nothing is.
function common(spread, bins) {
  const ends = spread.ends.values;
  const known = [...ends].filter(Number.isFinite);
  if (!known.length) return null;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const width = (high - low) / BINS;
  const looks = spread.ends.shape[0];
  const rows = Array.from({ length: BINS }, () => new Array(looks).fill(null));
  for (let look = 0; look < looks; look += 1) {
    const densities = part(spread.densities, look);
    const [from, to] = part(spread.ends, look);
    for (let bin = 0; bin < bins; bin += 1) {
      if (!densities[bin]) continue;
      const edge = (place) => (from + ((to - from) * place) / bins - low) / width;
      const first = Math.max(0, Math.min(BINS - 1, Math.floor(edge(bin))));
      const last = Math.max(first, Math.min(BINS - 1, Math.ceil(edge(bin + 1)) - 1));
      for (let row = first; row <= last; row += 1) rows[row][look] = Math.max(rows[row][look] || 0, densities[bin]);
    }
  }
  return { rows, places: rows.map((_, row) => low + (row + 0.5) * width) };
}

// What was looked at of a call: its output, its gradient, and each quantity of its weights.
function quantitiesOf(tile) {
  const histograms = told.looks?.histograms || {};
  return [tile.key, ...(tile.weights || []).map((weight) => weight.path)].flatMap((name) =>
    Object.keys(histograms[name] || {}).map((quantity) => {
      const own = name === tile.key ? "" : `${name.split("/").pop()}: `;
      return { id: `${name} ${quantity}`, label: own + quantity.replace("_", " "), spread: histograms[name][quantity] };
    }));
}

function drawSpread(tile) {
  const quantity = quantitiesOf(tile).find(({ id }) => id === chosen.quantity);
  const grid = quantity && common(quantity.spread, told.looks.bins);
  byId("spread-none").hidden = Boolean(grid);
  byId("spread").hidden = !grid;
  if (!grid) return;
  const steps = told.looks.steps;
  const look = upTo(steps, stepAt(chosen.place));
  const depth = Math.log10(1 / told.looks.faintest);
  const heat = {
    type: "heatmap", x: steps, y: grid.places, z: grid.rows, zmin: 0, zmax: 255, colorscale: "Cividis", showscale: false,
    hovertemplate: "step %{x}, around %{y:.3g}<extra></extra>",
  };
  const densities = [...part(quantity.spread.densities, look)];
  const [low, high] = part(quantity.spread.ends, look);
  const width = (high - low) / told.looks.bins;
  const bars = {
    type: "bar", orientation: "h", xaxis: "x2", y: densities.map((_, bin) => low + (bin + 0.5) * width), width,
    x: densities.map((value) => (value ? (depth * value) / 255 : null)), marker: { color: inked(told.colors[0]) }, hoverinfo: "skip",
  };
  draw("spread", [heat, bars], layout(260, {
    showlegend: false,
    bargap: 0,
    margin: { l: 44, r: 10, t: 10, b: 38 },
    xaxis: axis({ title: { text: "step", standoff: 4 }, domain: [0, 0.7] }),
    xaxis2: axis({ title: { text: `at step ${steps[look]}`, standoff: 22 }, domain: [0.74, 1], showticklabels: false, range: [0, depth] }),
    yaxis: axis({ exponentformat: "power" }),
    shapes: [{ ...cursor(steps[look]), xref: "x" }],
  }));
}
