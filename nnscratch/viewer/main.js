// The page: tells the document, and moves with the step and the call that are chosen.
const LIVE_SECONDS = 2;
const source = byId("document");

// What is known of every step.
function drawNews() {
  const facts = Object.entries({ ...told.facts, ...told.made });
  byId("facts").replaceChildren(...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  const some = told.course.steps.values.length > 0 && told.steps.values.length > 0;
  byId("course").hidden = byId("bar").hidden = !some;
  if (some) drawCurves();
  return some;
}

function drawAll() {
  if (!told) return;
  byId("notes").replaceChildren(...told.notes.map((note) => h("p", { class: "note" }, note)));
  byId("step").max = Math.max(0, lastPlace());
  byId("network").hidden = !told.tiles;
  byId("earned").hidden = !told.ledger;
  drawNetwork();
  const some = drawNews();
  drawCall();
  if (some) move();
  drawLines();
}

// Everything that changes with the step.
function move() {
  const step = stepAt(chosen.place);
  byId("step").value = chosen.place;
  byId("step").setAttribute("aria-valuetext", `step ${step}`);
  byId("now").textContent = step;
  const loss = told.course.loss.values[upTo(told.course.steps.values, step)];
  byId("loss").textContent = `loss ${number(loss)}`;
  moveCurves();
  moveNetwork();
  if (told.ledger) drawLedger();
  moveCall();
}

let waiting = false;
function go(place) {
  chosen.place = Math.max(0, Math.min(lastPlace(), place));
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    move();
  });
}

function choose(key) {
  chosen.call = key;
  drawCall();
  moveCall();
  moveNetwork();
  drawLines();
  byId("call-name").focus({ preventScroll: !narrow.matches });
}

function show(next) {
  const step = told?.steps.values.length ? stepAt(chosen.place) : null;
  const follows = step === null || chosen.place === lastPlace();
  const isNews = !next.steps;
  told = { ...told, ...next };
  if (isNews) {
    drawNews();
    return;
  }
  chosen.place = follows ? Math.max(0, lastPlace()) : upTo(told.steps.values, step);
  if (!callOf(chosen.call)) chosen.call = told.tiles?.find((tile) => tile.weights?.length)?.key ?? null;
  drawAll();
}

function listen() {
  byId("step").addEventListener("input", (event) => go(Number(event.target.value)));
  byId("back").addEventListener("click", () => go(chosen.place - 1));
  byId("forward").addEventListener("click", () => go(chosen.place + 1));
  byId("quantity").addEventListener("change", (event) => {
    chosen.quantity = event.target.value;
    drawSpread(callOf(chosen.call));
  });
  byId("call").addEventListener("keydown", (event) => {
    if (event.key === "Escape") tileElement(chosen.call)?.focus();
  });
  for (const query of [dark, narrow]) query.addEventListener("change", drawAll);
  new ResizeObserver(drawLines).observe(byId("rows"));
}

// While training goes on: ask again and again for what is new.
async function follow(version) {
  let problem = "";
  try {
    const answer = await fetch(`document?version=${version}`);
    if (answer.status === 200) {
      show(parsed(await answer.text()));
      version = answer.headers.get("X-Version");
    } else if (answer.status !== 204) problem = await answer.text();
  } catch {
    problem = "The server does not answer; is nnscratch watch still running?";
  }
  if (byId("live").textContent !== problem) byId("live").textContent = problem;
  setTimeout(follow, 1000 * LIVE_SECONDS, version);
}

async function start() {
  document.head.append(h("script", {}, await unsqueezed(byId("plotly").textContent)));
  listen();
  if (source.dataset.live !== undefined) await follow("");
  else show(parsed(await unsqueezed(source.textContent)));
  document.body.dataset.ready = "yes";
}

start().catch((error) => {
  byId("notes").append(h("p", { class: "note" }, `This page cannot be shown here: ${error.message}. It needs a browser of 2023 or later.`));
  throw error;
});
