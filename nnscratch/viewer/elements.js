// Elements of the page, and how numbers are written on it.
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const h = (tag, attributes = {}, ...children) =>
  dressed(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) =>
  dressed(document.createElementNS(SVG, tag), attributes, children);

// Three digits; 0 only where the value is exactly 0; a dash where there is none.
function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size < 1e-3 || size >= 1e5 ? value.toExponential(1) : String(+value.toPrecision(3));
  return text.replace("e+", "e").replaceAll("-", "−");
}

const percent = (value) => (Number.isNaN(value) ? "" : `${number(100 * value)} %`);

function bytes(count) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${number(count / 1024 ** power)} ${units[power]}`;
}

// A name of so many characters at the most: of a longer one its middle is left out.
function short(name, most) {
  const end = Math.floor((2 * most) / 3);
  return name.length <= most ? name : `${name.slice(0, most - end - 1)}…${name.slice(-end)}`;
}

// A text for Plotly, which reads <b> and &amp; in texts as a page does.
const literal = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

const narrow = matchMedia("(max-width: 56rem)");
const dark = matchMedia("(prefers-color-scheme: dark)");
