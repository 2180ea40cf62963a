"use strict";
// The console: everything shown is asked of the protocol's own endpoints, under their rules of access.

const find = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
};
const drawing = (tag, attributes, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// Calls

const stored = (name) => sessionStorage.getItem(name) ?? "";
function accessHeaders() {
  const headers = {};
  if (stored("token")) headers.Authorization = `Bearer ${stored("token")}`;
  if (stored("headername")) headers[stored("headername")] = stored("headervalue");
  return headers;
}
async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...accessHeaders(), ...options.headers } });
  if (!response.ok) {
    const text = await response.text();
    let message = text;
    try { message = JSON.parse(text).error ?? text; } catch { /* not JSON: shown as it is */ }
    const error = new Error(message || `${response.status} ${response.statusText}`);
    error.status = response.status;
    throw error;
  }
  return response;
}
const askJSON = async (path, options) => (await ask(path, options)).json();
const modelPath = (name, version) =>
  `/v2/models/${encodeURIComponent(name)}` + (version ? `/versions/${version}` : "");
function notice(text) {
  find("notice").textContent = text;
  find("notice").hidden = !text;
}

// Texts of numbers

const number = (value) => value == null || !isFinite(value) ? "–"
  : value >= 1000 ? Math.round(value).toLocaleString("en") : value >= 10 ? value.toFixed(1).replace(/\.0$/, "")
  : Number(value.toPrecision(2)).toString();
const bytes = (value) => {
  if (value == null) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
};
const time = (seconds) => seconds == null || !isFinite(seconds) ? "–"
  : seconds < 1e-3 ? `${number(seconds * 1e6)} µs` : seconds < 1 ? `${number(seconds * 1e3)} ms` : `${number(seconds)} s`;

// Metrics

function parseMetrics(text) {
  const samples = [];
  for (const line of text.split("\n")) {
    if (!line || line.startsWith("#")) continue;
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const label of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[label[1]] = label[2];
    samples.push({ name: match[1], labels, value: match[3] === "+Inf" ? Infinity : Number(match[3]) });
  }
  return samples;
}
const inScope = (sample) => !find("scope").value || sample.labels.model === find("scope").value;
const sum = (samples, name) => samples.filter((s) => s.name === name && inScope(s)).reduce((a, s) => a + s.value, 0);
function histogram(samples, name) {
  const bounds = new Map();
  for (const s of samples) {
    if (s.name !== `${name}_bucket` || !inScope(s)) continue;
    const bound = s.labels.le === "+Inf" ? Infinity : Number(s.labels.le);
    bounds.set(bound, (bounds.get(bound) ?? 0) + s.value);
  }
  return [...bounds].sort((a, b) => a[0] - b[0]);
}
// What came between two looks at a histogram, a bucket each, no more cumulative.
function between(old, now) {
  const before = new Map(old);
  let last = 0;
  return now.map(([bound, value]) => {
    const total = value - (before.get(bound) ?? 0);
    const own = total - last;
    last = total;
    return [bound, Math.max(own, 0)];
  });
}
function quantile(buckets, share) {
  const total = buckets.reduce((a, b) => a + b[1], 0);
  if (!total) return null;
  let seen = 0;
  let low = 0;
  for (const [bound, count] of buckets) {
    if (seen + count >= share * total && count) {
      return isFinite(bound) ? low + (bound - low) * (share * total - seen) / count : low;
    }
    seen += count;
    low = bound;
  }
  return low;
}

// Charts

function lineChart(place, points) {
  const top = Math.max(1, ...points.map((p) => p[1])) * 1.1;
  const span = 300;
  const x = (t) => 340 + (t / span) * 340;
  const y = (v) => 128 - (v / top) * 120;
  const path = points.map(([t, v], i) => `${i ? "L" : "M"}${x(t).toFixed(1)} ${y(v).toFixed(1)}`).join("");
  const svg = drawing("svg", { viewBox: "0 0 340 150", preserveAspectRatio: "none", role: "img", "aria-label": `requests a second, now ${number(points.at(-1)?.[1] ?? 0)}` });
  if (points.length > 1) {
    svg.append(drawing("path", { class: "area", d: `${path}L340 128L${x(points[0][0]).toFixed(1)} 128Z` }));
    svg.append(drawing("path", { class: "stroke", d: path, "vector-effect": "non-scaling-stroke" }));
  }
  svg.append(drawing("line", { class: "axis", x1: 0, x2: 340, y1: 128, y2: 128 }));
  svg.append(drawing("text", { x: 2, y: 12 }, number(top / 1.1)), drawing("text", { x: 2, y: 143 }, "−5 min"), drawing("text", { x: 338, y: 143, "text-anchor": "end" }, "now"));
  place.replaceChildren(svg);
}
function barChart(place, buckets, label) {
  const first = buckets.findIndex((b) => b[1]);
  if (first < 0) return place.replaceChildren(make("div", { class: "empty" }, "no requests"));
  // A request in a thousand may lie beyond the right end.
  const whole = buckets.reduce((a, b) => a + b[1], 0);
  let last = first;
  for (let seen = buckets[first][1]; seen < 0.999 * whole; seen += buckets[last][1]) last += 1;
  const from = Math.max(0, first - 2);
  const shown = buckets.slice(from, Math.min(buckets.length, last + 3));
  const top = Math.max(...shown.map((b) => b[1]));
  const width = 340 / shown.length;
  const middle = quantile(buckets, 0.5), high = quantile(buckets, 0.99);
  const svg = drawing("svg", { viewBox: "0 0 340 150", preserveAspectRatio: "none", role: "img", "aria-label": `${label}: median ${time(middle)}, 99th percentile ${time(high)}` });
  shown.forEach(([bound, count], i) => {
    const height = (count / top) * 108;
    const bar = drawing("rect", { class: "bar", x: (i * width + 1).toFixed(1), y: (128 - height).toFixed(1), width: Math.max(width - 2, 1).toFixed(1), height: height.toFixed(1), rx: 1.5 });
    bar.append(drawing("title", {}, `up to ${time(bound)}: ${count}`));
    svg.append(bar);
  });
  svg.append(drawing("line", { class: "axis", x1: 0, x2: 340, y1: 128, y2: 128 }));
  svg.append(drawing("text", { x: 2, y: 143 }, time(buckets[from - 1]?.[0] ?? 0)), drawing("text", { x: 338, y: 143, "text-anchor": "end" }, time(shown.at(-1)[0])));
  svg.append(drawing("text", { x: 338, y: 12, "text-anchor": "end" }, `median ${time(middle)} · 99 % ${time(high)}`));
  place.replaceChildren(svg);
}

// The page's state and its rounds

let looks = [];
let models = [];
let isPaused = false;
let firstMissing = null;

function tile(label, value) {
  return make("div", { class: "tile" }, make("span", { class: "quiet" }, label), make("b", {}, value));
}
function showMetrics() {
  const now = looks.at(-1);
  if (!now) return;
  const before = looks.at(-2);
  const minute = looks.find((look) => now.at - look.at <= 60) ?? now;
  const rate = (name) => before ? (sum(now.samples, name) - sum(before.samples, name)) / (now.at - before.at) : 0;
  const latency = between(histogram(minute.samples, "apus_inference_request_seconds"), histogram(now.samples, "apus_inference_request_seconds"));
  const queue = between(histogram(minute.samples, "apus_inference_queue_seconds"), histogram(now.samples, "apus_inference_queue_seconds"));
  const gauge = (name) => now.samples.find((s) => s.name === name)?.value;
  find("tiles").replaceChildren(
    tile("Requests / s", number(rate("nv_inference_request_success"))),
    tile("Inferences / s", number(rate("nv_inference_count"))),
    tile("Median", time(quantile(latency, 0.5))), tile("99 %", time(quantile(latency, 0.99))),
    tile("Waiting", number(sum(now.samples, "nv_inference_pending_request_count"))),
    tile("Failures / s", number(rate("nv_inference_request_failure"))),
    tile("Memory in use", bytes(gauge("apus_process_resident_memory_bytes") ?? gauge("process_resident_memory_bytes") ?? sum(now.samples, "apus_model_memory_bytes"))));
  const points = [];
  for (let i = 1; i < looks.length; i += 1) {
    const seconds = looks[i].at - looks[i - 1].at;
    points.push([looks[i].at - now.at, Math.max(0, (sum(looks[i].samples, "nv_inference_request_success") - sum(looks[i - 1].samples, "nv_inference_request_success")) / seconds)]);
  }
  lineChart(find("throughput"), points);
  barChart(find("latency"), latency, "whole time of requests");
  barChart(find("queue"), queue, "time in the queue");
}

function stateClass(state) { return state === "READY" ? "good" : state === "UNAVAILABLE" ? "bad" : ""; }
const mean = (duration) => duration?.count ? duration.ns / duration.count / 1e9 : null;
function row(model) {
  const s = model.stats;
  const memory = s?.memory_usage?.length ? s.memory_usage.reduce((a, m) => a + m.byte_size, 0) : model.memory;
  const button = (label, action, disabled = false) => make("button", { type: "button", disabled, onclick: action, "aria-label": `${label} ${model.name}` }, label);
  return make("tr", {},
    make("td", {}, make("b", {}, model.name), model.reason && model.state !== "READY" ? make("div", { class: "reason" }, model.reason) : null),
    make("td", {}, model.version ?? "–"),
    make("td", {}, make("span", { class: `pill ${stateClass(model.state)}` }, model.state ?? "not loaded")),
    make("td", { class: "number" }, bytes(memory)),
    make("td", { class: "number" }, s ? s.inference_count.toLocaleString("en") : "–"),
    make("td", { class: "number" }, s?.execution_count ? number(s.inference_count / s.execution_count) : "–"),
    make("td", { class: "number" }, time(mean(s?.inference_stats?.success))),
    make("td", { class: "number" }, time(mean(s?.inference_stats?.queue))),
    make("td", { class: "number" }, s ? number(s.inference_stats.fail.count) : "–"),
    make("td", {}, make("div", { class: "row" },
      button("Try", () => { find("model").value = model.name; showInputs(); find("trying").scrollIntoView({ behavior: "smooth" }); }, model.state !== "READY"),
      button("Config", () => showConfig(model), model.state !== "READY"),
      model.state === "READY" ? button("Unload", () => control(model.name, "unload")) : button("Load", () => control(model.name, "load")))));
}
async function refreshModels() {
  const index = await askJSON("/v2/repository/index", { method: "POST" });
  let stats = [];
  try { stats = (await askJSON("/v2/models/stats")).model_stats; } catch (error) { if (!error.status) throw error; }
  const memory = new Map((looks.at(-1)?.samples ?? []).filter((s) => s.name === "apus_model_memory_bytes").map((s) => [`${s.labels.model}/${s.labels.version}`, s.value]));
  models = index.map((entry) => ({ ...entry, stats: stats.find((s) => s.name === entry.name && s.version === entry.version), memory: memory.get(`${entry.name}/${entry.version}`) }));
  models.sort((a, b) => a.name.localeCompare(b.name) || Number(b.version ?? 0) - Number(a.version ?? 0));
  const rows = models.map(row);
  const focus = document.activeElement?.getAttribute("aria-label");
  find("rows").replaceChildren(...(rows.length ? rows : [make("tr", {}, make("td", { colspan: 10, class: "quiet" }, "The repository has no models."))]));
  if (focus) [...find("rows").querySelectorAll("button")].find((b) => b.getAttribute("aria-label") === focus)?.focus();
  fill(find("scope"), [["", "all"], ...names().map((n) => [n, n])]);
  if (fill(find("model"), names().map((n) => [n, n]))) showInputs();
}
const names = () => [...new Set(models.filter((m) => m.state === "READY").map((m) => m.name))];
function fill(select, options) {
  const wanted = JSON.stringify(options);
  if (select.dataset.options === wanted) return false;
  const value = select.value;
  select.dataset.options = wanted;
  select.replaceChildren(...options.map(([v, label]) => make("option", { value: v }, label)));
  if (options.some(([v]) => v === value)) select.value = value;
  return select.value !== value || !value;
}
async function refresh() {
  try {
    if (!find("server").textContent) {
      const server = await askJSON("/v2");
      find("server").textContent = `${server.name} ${server.version}`;
    }
    let ready = true;
    try { await ask("/v2/health/ready"); } catch (error) { if (!error.status) throw error; ready = false; }
    find("state").textContent = ready ? "ready" : "not ready";
    find("state").className = `pill ${ready ? "good" : ""}`;
    let missing = "";
    try {
      const samples = parseMetrics(await (await ask("/console/metrics")).text());
      looks.push({ at: performance.now() / 1000, samples });
      looks = looks.filter((look) => looks.at(-1).at - look.at < 300);
      showMetrics();
    } catch (error) { if (!error.status) throw error; missing = error.message; }
    try { await refreshModels(); } catch (error) { if (!error.status) throw error; missing = error.message; }
    if (missing !== firstMissing) notice(missing);
    firstMissing = missing;
  } catch (error) {
    find("state").textContent = "unreachable";
    find("state").className = "pill bad";
  }
}
async function control(name, action) {
  notice("");
  try {
    await ask(`/v2/repository/models/${encodeURIComponent(name)}/${action}`, { method: "POST" });
  } catch (error) { notice(`${action} ${name}: ${error.message}`); }
  await refresh();
}
async function showConfig(model) {
  try {
    const config = await askJSON(`${modelPath(model.name, model.version)}/config`);
    find("detailtitle").textContent = `${model.name}, version ${model.version}`;
    find("detailtext").textContent = JSON.stringify(config, null, 2);
    find("detail").showModal();
  } catch (error) { notice(error.message); }
}

// Tensors as bytes

const widths = { BOOL: 1, UINT8: 1, INT8: 1, UINT16: 2, INT16: 2, FP16: 2, BF16: 2, UINT32: 4, INT32: 4, FP32: 4, UINT64: 8, INT64: 8, FP64: 8 };
const setters = {
  BOOL: (v, o, x) => v.setUint8(o, x ? 1 : 0), UINT8: (v, o, x) => v.setUint8(o, x), INT8: (v, o, x) => v.setInt8(o, x),
  UINT16: (v, o, x) => v.setUint16(o, x, true), INT16: (v, o, x) => v.setInt16(o, x, true),
  UINT32: (v, o, x) => v.setUint32(o, x, true), INT32: (v, o, x) => v.setInt32(o, x, true),
  UINT64: (v, o, x) => v.setBigUint64(o, BigInt(x), true), INT64: (v, o, x) => v.setBigInt64(o, BigInt(x), true),
  FP32: (v, o, x) => v.setFloat32(o, x, true), FP64: (v, o, x) => v.setFloat64(o, x, true),
  FP16: (v, o, x) => v.setUint16(o, toHalf(x), true),
  BF16: (v, o, x) => { const f = new DataView(new ArrayBuffer(4)); f.setFloat32(0, x); const bits = f.getUint32(0); v.setUint16(o, (bits + 0x7fff + ((bits >> 16) & 1)) >>> 16, true); },
};
const getters = {
  BOOL: (v, o) => v.getUint8(o) !== 0, UINT8: (v, o) => v.getUint8(o), INT8: (v, o) => v.getInt8(o),
  UINT16: (v, o) => v.getUint16(o, true), INT16: (v, o) => v.getInt16(o, true), UINT32: (v, o) => v.getUint32(o, true),
  INT32: (v, o) => v.getInt32(o, true), UINT64: (v, o) => v.getBigUint64(o, true), INT64: (v, o) => v.getBigInt64(o, true),
  FP32: (v, o) => v.getFloat32(o, true), FP64: (v, o) => v.getFloat64(o, true), FP16: (v, o) => fromHalf(v.getUint16(o, true)),
  BF16: (v, o) => { const f = new DataView(new ArrayBuffer(4)); f.setUint16(0, v.getUint16(o, true)); return f.getFloat32(0); },
};
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}
function toHalf(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 1)));
  const units = size / 2 ** (exponent - 10);
  let whole = Math.floor(units);
  const rest = units - whole;
  if (rest > 0.5 || (rest === 0.5 && whole & 1)) whole += 1;
  if (size < 2 ** -14) return sign | whole;
  return sign | (((exponent + 15) << 10) + (whole - 1024));
}
function encode(type, values) {
  if (type === "BYTES") {
    const parts = values.map((value) => new TextEncoder().encode(String(value)));
    const view = new DataView(new ArrayBuffer(parts.reduce((a, p) => a + p.length + 4, 0)));
    let offset = 0;
    for (const part of parts) {
      view.setUint32(offset, part.length, true);
      new Uint8Array(view.buffer).set(part, offset + 4);
      offset += 4 + part.length;
    }
    return new Uint8Array(view.buffer);
  }
  const view = new DataView(new ArrayBuffer(values.length * widths[type]));
  values.forEach((value, i) => setters[type](view, i * widths[type], value));
  return new Uint8Array(view.buffer);
}
function decode(type, data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = [];
  if (type === "BYTES") {
    for (let o = 0; o + 4 <= data.length;) {
      const length = view.getUint32(o, true);
      values.push(new TextDecoder().decode(data.subarray(o + 4, o + 4 + length)));
      o += 4 + length;
    }
    return values;
  }
  for (let o = 0; o + widths[type] <= data.length; o += widths[type]) values.push(getters[type](view, o));
  return values;
}

// The form that tries a model

let forms = [];
async function showInputs() {
  const name = find("model").value;
  find("answer").replaceChildren();
  find("took").textContent = "";
  forms = [];
  if (!name) return find("inputs").replaceChildren();
  try {
    const metadata = await askJSON(modelPath(name));
    forms = metadata.inputs.map(inputForm);
    find("inputs").replaceChildren(...forms.map((form) => form.element));
  } catch (error) { find("inputs").replaceChildren(make("p", { class: "quiet" }, error.message)); }
}
function pictureLayout(shape) {
  if (shape.length < 3) return null;
  const [a, b, c] = shape.slice(-3);
  if (a === 1 || a === 3) return { channels: a, height: b > 0 ? b : 224, width: c > 0 ? c : 224, first: true };
  if (c === 1 || c === 3) return { channels: c, height: a > 0 ? a : 224, width: b > 0 ? b : 224, first: false };
  return null;
}
function inputForm(input) {
  const shape = input.shape.map((extent) => (extent < 0 ? 1 : extent));
  const count = shape.reduce((a, b) => a * b, 1);
  const layout = input.datatype === "BYTES" ? null : pictureLayout(input.shape);
  if (layout) input.shape.slice(-3).forEach((extent, i) => {
    if (extent < 0) shape[shape.length - 3 + i] = layout.first ? [layout.channels, layout.height, layout.width][i] : [layout.height, layout.width, layout.channels][i];
  });
  const id = `input-${input.name}`;
  const shapeField = make("input", { value: shape.join(", "), "aria-label": `shape of ${input.name}`, spellcheck: "false", size: 16 });
  const kind = make("select", { "aria-label": `kind of ${input.name}` }, ...(input.datatype === "BYTES" ? [["text", "text, a line each"], ["values", "JSON values"]] : [["values", "JSON values"], ["random", "random numbers"], ["picture", "a picture"]]).map(([v, l]) => make("option", { value: v }, l)));
  const start = input.datatype === "BYTES" ? "" : count <= 4096 ? JSON.stringify(Array(count).fill(input.datatype === "BOOL" ? false : 0)) : "";
  const area = make("textarea", { id, spellcheck: "false", "aria-label": `values of ${input.name}` });
  area.value = start;
  const file = make("input", { type: "file", accept: "image/*", "aria-label": `picture for ${input.name}` });
  const scale = make("select", { "aria-label": `scale of ${input.name}` }, ...[["unit", "0 … 1"], ["byte", "0 … 255"], ["signed", "−1 … 1"], ["imagenet", "ImageNet mean and deviation"]].map(([v, l]) => make("option", { value: v }, l)));
  const canvas = make("canvas", { width: layout?.width ?? 224, height: layout?.height ?? 224, "aria-label": "the picture as the model gets it" });
  const picture = make("div", { class: "row" }, file, scale, canvas);
  const show = () => {
    area.hidden = !["text", "values"].includes(kind.value);
    picture.hidden = kind.value !== "picture";
  };
  kind.addEventListener("change", show);
  if (layout) kind.value = "picture"; else if (input.datatype !== "BYTES" && !start) kind.value = "random";
  file.addEventListener("change", async () => {
    const [h, w] = sizes();
    canvas.width = w;
    canvas.height = h;
    if (file.files[0]) canvas.getContext("2d").drawImage(await createImageBitmap(file.files[0]), 0, 0, w, h);
  });
  const currentShape = () => {
    const extents = shapeField.value.split(/[\s,×x]+/).filter(Boolean).map(Number);
    if (extents.some((e) => !Number.isInteger(e) || e < 0)) throw new Error(`${input.name}: the shape is a list of whole numbers`);
    return extents;
  };
  const sizes = () => {
    const last = currentShape().slice(-3);
    return layout?.first === false ? [last[0], last[1], last[2]] : [last[1] ?? 224, last[2] ?? 224, last[0] ?? 3];
  };
  const values = () => {
    const total = currentShape().reduce((a, b) => a * b, 1);
    if (kind.value === "text") return area.value.split("\n").slice(0, Math.max(total, 1));
    if (kind.value === "random") {
      const whole = !input.datatype.match(/^(FP|BF)/);
      return Array.from({ length: total }, () => (whole ? Math.floor(Math.random() * (input.datatype === "BOOL" ? 2 : 10)) : Math.random()));
    }
    if (kind.value === "values") {
      let parsed;
      // Whole numbers beyond what JavaScript counts exactly are kept as texts.
      try { parsed = JSON.parse(area.value.replace(/-?\d{16,}(?![\d.eE"])/g, '"$&"')); } catch (error) { throw new Error(`${input.name}: ${error.message}`); }
      return [parsed].flat(Infinity);
    }
    const [h, w, channels] = sizes();
    const pixels = canvas.getContext("2d").getImageData(0, 0, w, h).data;
    const means = [0.485, 0.456, 0.406], deviations = [0.229, 0.224, 0.225];
    const value = (pixel, channel) => {
      const raw = channels === 1 ? 0.299 * pixels[pixel * 4] + 0.587 * pixels[pixel * 4 + 1] + 0.114 * pixels[pixel * 4 + 2] : pixels[pixel * 4 + channel];
      if (scale.value === "byte") return raw;
      if (scale.value === "signed") return raw / 127.5 - 1;
      return scale.value === "unit" ? raw / 255 : (raw / 255 - means[channel]) / deviations[channel];
    };
    const result = new Array(h * w * channels);
    for (let c = 0; c < channels; c += 1) for (let p = 0; p < h * w; p += 1) result[layout?.first === false ? p * channels + c : c * h * w + p] = value(p, c);
    return result;
  };
  show();
  const element = make("fieldset", { class: "input" }, make("legend", {}, input.name, " ", make("span", { class: "quiet" }, `${input.datatype} [${input.shape.join(", ")}]`)),
    make("div", { class: "row" }, make("label", {}, "Shape ", shapeField), kind), area, picture);
  return { element, tensor: () => ({ name: input.name, datatype: input.datatype, shape: currentShape(), data: encode(input.datatype, values()) }) };
}
async function run(event) {
  event.preventDefault();
  const name = find("model").value;
  try {
    const tensors = forms.map((form) => form.tensor());
    const header = JSON.stringify({ inputs: tensors.map((t) => ({ name: t.name, datatype: t.datatype, shape: t.shape, parameters: { binary_data_size: t.data.length } })), parameters: { binary_data_output: true } });
    const text = new TextEncoder().encode(header);
    const started = performance.now();
    const response = await ask(`${modelPath(name)}/infer`, { method: "POST", body: new Blob([text, ...tensors.map((t) => t.data)]), headers: { "Inference-Header-Content-Length": String(text.length), "Content-Type": "application/octet-stream" } });
    const body = new Uint8Array(await response.arrayBuffer());
    find("took").textContent = `answered in ${time((performance.now() - started) / 1000)}`;
    const length = Number(response.headers.get("Inference-Header-Content-Length") ?? body.length);
    const answer = JSON.parse(new TextDecoder().decode(body.subarray(0, length)));
    let offset = length;
    const outputs = answer.outputs.map((output) => {
      const size = output.parameters?.binary_data_size ?? 0;
      const values = output.data ?? decode(output.datatype, body.subarray(offset, offset + size));
      offset += size;
      return showOutput(output, values);
    });
    find("answer").replaceChildren(make("h3", {}, `${answer.model_name}, version ${answer.model_version}`), ...outputs);
  } catch (error) {
    find("took").textContent = "";
    find("answer").replaceChildren(make("p", { class: "notice" }, error.message));
  }
}
function showOutput(output, values) {
  const box = make("div", {}, make("h3", {}, output.name, " ", make("span", { class: "quiet" }, `${output.datatype} [${output.shape.join(", ")}]`)));
  const last = output.shape.at(-1) ?? 1;
  const isScores = /^(FP|BF)/.test(output.datatype) && last > 1 && last === values.length;
  if (isScores) {
    const ranked = values.map((v, i) => [v, i]).sort((a, b) => b[0] - a[0]).slice(0, 5);
    const low = Math.min(0, ...values), high = Math.max(...values);
    box.append(make("table", { class: "bars" }, make("tbody", {}, ...ranked.map(([value, index]) => {
      const bar = make("i", {});
      bar.style.width = `${Math.max(0, Math.min(100, ((value - low) / (high - low || 1)) * 100))}%`;
      return make("tr", {}, make("td", { class: "number" }, `#${index}`), make("td", {}, make("div", { class: "meter" }, bar)), make("td", { class: "number" }, Number(value.toPrecision(5)).toString()));
    }))));
  }
  const shown = values.slice(0, 1000).map((v) => (typeof v === "string" ? JSON.stringify(v) : typeof v === "number" && /^(FP|BF)/.test(output.datatype) ? Number(v.toPrecision(7)).toString() : String(v)));
  box.append(make("pre", { tabindex: "0", "aria-label": `values of ${output.name}` }, shown.join(", ") + (values.length > 1000 ? `, … ${values.length - 1000} more` : "")));
  return box;
}

// Controls

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}
setTheme(localStorage.getItem("theme"));
find("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  localStorage.setItem("theme", dark ? "light" : "dark");
  setTheme(dark ? "light" : "dark");
});
find("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  find("pause").setAttribute("aria-pressed", String(isPaused));
  find("pause").textContent = isPaused ? "Go on" : "Pause";
});
find("access").addEventListener("click", () => {
  for (const name of ["token", "headername", "headervalue"]) find(name).value = stored(name);
  find("accessdialog").showModal();
});
find("accessdialog").addEventListener("close", () => {
  if (find("accessdialog").returnValue !== "save") return;
  for (const name of ["token", "headername", "headervalue"]) sessionStorage.setItem(name, find(name).value.trim());
  firstMissing = null;
  refresh().then(showInputs);
});
find("scope").addEventListener("change", showMetrics);
find("model").addEventListener("change", showInputs);
find("try").addEventListener("submit", run);
find("loader").addEventListener("submit", (event) => {
  event.preventDefault();
  control(find("loadname").value.trim(), "load");
});
(async function rounds() {
  for (;;) {
    if (!isPaused && !document.hidden) await refresh();
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
})();
