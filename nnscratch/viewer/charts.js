// Charts, drawn by Plotly in the colours of the page.
const SETTINGS = { displayModeBar: false, responsive: true, doubleClick: "reset" };

// A color of lines and bars; on a dark page a lighter one.
function inked(hex) {
  const channels = [1, 3, 5].map((from) => parseInt(hex.slice(from, from + 2), 16));
  return `rgb(${channels.map((value) => (dark.matches ? Math.round(value + 0.35 * (255 - value)) : value))})`;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function axis(more = {}) {
  const line = color("--line");
  return { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, ...more };
}

function layout(height, more) {
  return {
    height,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: color("--ink"), size: 12, family: "system-ui, sans-serif" },
    colorway: told.colors.map(inked),
    margin: { l: 44, r: 10, t: 34, b: 38 },
    hovermode: "closest",
    hoverlabel: { bgcolor: color("--tint"), bordercolor: color("--line"), font: { color: color("--ink") } },
    dragmode: narrow.matches ? false : "zoom",
    showlegend: true,
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    ...more,
  };
}

const cursor = (step) => ({
  type: "line", x0: step, x1: step, y0: 0, y1: 1, yref: "paper", line: { color: color("--ink"), width: 1.5 },
});

const marks = () => told.marks.map((mark, i) => ({ ...mark, number: i + 1 })).filter((mark) => mark.step !== null);

const markShapes = () => marks().map(({ step }) => ({
  ...cursor(step), line: { color: color("--bad"), width: 1.5, dash: "dot" },
}));

function markNotes() {
  const steps = [...new Set(marks().map((mark) => mark.step))];
  const at = (step) => marks().filter((mark) => mark.step === step);
  return steps.map((step) => ({
    x: step, y: 1, yref: "paper", yanchor: "bottom", xanchor: "left", showarrow: false,
    text: `<b>${at(step).map((mark) => mark.number).join(", ")}</b>`,
    hovertext: literal(at(step).map((mark) => mark.cause).join(", ")), font: { color: color("--bad") },
  }));
}

const fitting = new ResizeObserver((entries) => {
  for (const { target } of entries) if (target.offsetWidth && target.data) Plotly.Plots.resize(target);
});

function draw(id, traces, shape) {
  Plotly.react(byId(id), traces, shape, SETTINGS);
  fitting.observe(byId(id));
}

function line(name, x, y, more = {}) {
  return { type: "scatter", mode: x.length > 40 ? "lines" : "lines+markers", name: literal(name), x: [...x], y: [...y], line: { width: 1.6 }, marker: { size: 5 }, ...more };
}

// Loss above, metrics below; the findings of a doctor are marked by their numbers.
function drawCurves() {
  const { steps, loss, metrics, epochs } = told.course;
  const own = (name) => Object.entries(epochs.logs).filter(([log]) => log === `val_${name}`);
  const dashed = (axes) => ([log, values]) => line(log, epochs.steps, values, { ...axes, mode: "lines+markers", line: { dash: "dash", width: 1.6 } });
  const lower = { yaxis: "y2" };
  const names = Object.keys(metrics);
  const traces = [
    line("loss", steps.values, loss.values), ...own("loss").map(dashed({})),
    ...names.flatMap((name) => [line(name, steps.values, metrics[name].values, lower), ...own(name).map(dashed(lower))]),
  ];
  const known = [...loss.values].filter(Number.isFinite);
  const logarithmic = Math.min(...known) > 0 && Math.max(...known) > 30 * Math.min(...known);
  const upper = names.length ? [0.46, 1] : [0, 1];
  draw("curves", traces, layout(names.length ? 380 : 260, {
    legend: { orientation: "h", x: 0, y: 1.06, yanchor: "bottom" },
    margin: { l: 44, r: 10, t: 60, b: 38 },
    xaxis: axis({ title: { text: "step", standoff: 4 }, anchor: names.length ? "y2" : "y" }),
    yaxis: axis({ title: { text: "loss" }, type: logarithmic ? "log" : "linear", domain: upper }),
    ...(names.length && { yaxis2: axis({ title: { text: "metrics" }, domain: [0, 0.38] }) }),
    shapes: [...markShapes(), cursor(stepAt(chosen.place))],
    annotations: markNotes(),
  }));
  if (!byId("curves").dataset.listens) {
    byId("curves").dataset.listens = "yes";
    byId("curves").on("plotly_click", ({ points }) => go(upTo(told.steps.values, points[0].x)));
  }
}

function moveCurves() {
  Plotly.relayout(byId("curves"), { shapes: [...markShapes(), cursor(stepAt(chosen.place))] });
}

// The sums of the ledger so far, largest at the top.
function drawLedger() {
  const { sums, groups } = told.ledger;
  const end = lastPlace();
  const paths = Object.keys(sums).sort((a, b) => Math.abs(sums[b].values[end]) - Math.abs(sums[a].values[end])).slice(0, 24).reverse();
  const label = (path) => literal(short(path, narrow.matches ? 20 : 44));
  const traces = Object.entries(groups).map(([group, members]) => {
    const own = paths.filter((path) => members.includes(path));
    const x = own.map((path) => sums[path].values[chosen.place]);
    return { type: "bar", orientation: "h", name: group, y: own, x, text: x.map(number), textposition: "auto", hovertext: own.map(literal), hoverinfo: "text+x" };
  });
  const all = paths.flatMap((path) => [...sums[path].values]);
  const reach = [Math.min(0, ...all), Math.max(0, ...all)];
  const spare = 0.05 * (reach[1] - reach[0] || 1);
  draw("ledger", traces, layout(90 + 24 * paths.length, {
    barmode: "overlay",
    xaxis: axis({ title: { text: "change of the loss so far", standoff: 4 }, range: [reach[0] - spare, reach[1] + spare] }),
    yaxis: axis({ categoryorder: "array", categoryarray: paths, tickvals: paths, ticktext: paths.map(label) }),
  }));
  const real = told.ledger.real.values[chosen.place];
  const total = told.ledger.total.values[chosen.place];
  byId("ledger-sum").textContent = `Up to step ${stepAt(chosen.place)}: all entries together ${number(total)}` +
    (Number.isNaN(real) ? "." : `, the losses of the batches really changed by ${number(real)}.`);
}

// On a logarithmic scale exact zeros lie at the lower edge, where their label says what they are.
function logged(name, values) {
  const positive = [...values].filter((value) => value > 0 && Number.isFinite(value));
  return { name, values, low: positive.length ? Math.min(...positive) : 1 };
}

function drawCourses(tile) {
  const lines = coursesOf(tile).filter(([name]) => name !== "update").map(([name, , values]) => logged(name, values));
  for (const { path } of (tile.weights || []).filter((weight) => told.tracks?.[weight.path])) {
    lines.push(logged(`${path.split("/").pop()} |dw|/|w|`, ratio(path)));
  }
  const floor = 10 ** (Math.floor(Math.log10(Math.min(...lines.map((own) => own.low)))) - 1);
  const traces = lines.map(({ name, values }) => line(name, told.steps.values, [...values].map((value) => (value === 0 ? floor : value)), {
    text: [...values].map((value) => (value === 0 ? "exactly 0" : number(value))), hovertemplate: "step %{x}: %{text}",
  }));
  const zeros = lines.some(({ values }) => values.includes(0));
  draw("courses", traces, layout(narrow.matches ? 310 : 250, {
    xaxis: axis({ title: { text: "step", standoff: 4 } }),
    yaxis: axis({ type: "log", exponentformat: "power", nticks: 7, ...(zeros && { range: [Math.log10(floor) - 0.2, null] }) }),
    shapes: [cursor(stepAt(chosen.place))],
  }));
}
