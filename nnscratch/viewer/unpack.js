// From what the page carries to arrays. An array is {values, shape}, its last axis the steps.
const KINDS = { f4: Float32Array, i4: Int32Array, u1: Uint8Array, i1: Int8Array };

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function unsqueezed(text) {
  const packed = new Blob([bytesOf(text)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).text();
}

function parsed(text) {
  return JSON.parse(text, (_, value) => {
    if (!value || typeof value.data !== "string" || !(value.type in KINDS)) return value;
    return { values: new KINDS[value.type](bytesOf(value.data).buffer), shape: value.shape };
  });
}

// A part of an array whose first axis has that index.
function part(array, index) {
  const size = array.shape.slice(1).reduce((product, length) => product * length, 1);
  return array.values.subarray(index * size, (index + 1) * size);
}
