// What is told, and what is chosen of it: a step, by its place among those shown, and a call.
let told = null;
const chosen = { place: 0, call: null, quantity: null };

const stepAt = (place) => told.steps.values[place];
const lastPlace = () => told.steps.values.length - 1;
const callOf = (key) => (told.tiles || []).find((tile) => tile.key === key);

// The place of the last step in an ascending list that is not behind a step; the first, if all are.
function upTo(steps, step) {
  let low = 0;
  let high = steps.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

// One statistic of a call or a weight over the steps; null where it was not recorded.
function series(name, quantity, statistic) {
  const array = told.tracks?.[name]?.[quantity];
  return array ? part(array, told.statistics.indexOf(statistic)) : null;
}

// The norm of a weight's update against its value, over the steps.
function ratio(path) {
  const change = series(path, "update", "norm");
  const value = series(path, "value", "norm");
  return change && change.map((size, place) => (value[place] === 0 ? NaN : size / value[place]));
}

// What a tile shows: the call's own courses, and that of its largest weight.
function coursesOf(tile) {
  const weights = (tile.weights || []).filter((weight) => told.tracks?.[weight.path]);
  const size = (weight) => weight.shape.reduce((product, length) => product * length, 1);
  const largest = weights.sort((a, b) => size(b) - size(a))[0];
  return [
    ["activation", "std of the output", series(tile.key, "output", "std")],
    ["gradient", "norm of the loss's gradient by the output", series(tile.key, "output_gradient", "norm")],
    ["update", `norm of the update of ${largest?.path} against its value`, largest && ratio(largest.path)],
  ].filter(([, , values]) => values);
}

// What is said of a call at the chosen step, by what was recorded and by a doctor.
const CERTAINTIES = { possible: 1, likely: 2, certain: 3 };

function verdict(tile) {
  const signs = told.health?.calls[tile.key];
  const sign = told.health?.signs[signs ? signs.values[chosen.place] : 0] || { level: 0, text: "" };
  const path = tile.key.split("#")[0];
  const own = new Set([tile.key, path, ...(tile.weights || []).map((weight) => weight.path)]);
  const found = told.marks.filter((mark) => mark.where.some((place) => own.has(place)));
  return {
    level: Math.max(sign.level, ...found.map((mark) => CERTAINTIES[mark.certainty])),
    texts: [...(sign.level > 1 || !found.length ? [sign.text] : []), ...found.map((mark) => `doctor: ${mark.cause}`)],
  };
}
