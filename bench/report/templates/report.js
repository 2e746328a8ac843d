"use strict";
const facts = JSON.parse(document.getElementById("cells").textContent);
const panel = document.getElementById("provenance");
const MANY = 30; // classes from which on a matrix would not fit: the most confused pairs in its place

const element = (name, text = "", properties = {}) => Object.assign(document.createElement(name), { textContent: text }, properties);
const key = (row, column) => row.cells[column].dataset.key;
const numeric = (rows, column) => rows.every((row) => key(row, column) === "" || !isNaN(key(row, column)))
  && rows.some((row) => key(row, column) !== "");

function compare(a, b, column, byNumber, sign) {
  const [x, y] = [key(a, column), key(b, column)];
  if (x === "" || y === "") return (x === "") - (y === "");
  return sign * (byNumber ? x - y : x.localeCompare(y, "en", { numeric: true }));
}

function sort(table, column) {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const down = heads[column].getAttribute("aria-sort") !== "descending";
  const byNumber = numeric(rows, column);
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...rows.sort((a, b) => compare(a, b, column, byNumber, down ? -1 : 1)));
}

for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
  heads.forEach((head, column) => {
    if (!numeric(rows, column)) [head, ...rows.map((row) => row.cells[column])].forEach((cell) => cell.classList.add("text"));
    head.querySelector("button").addEventListener("click", () => sort(table, column));
  });
}

for (const input of document.querySelectorAll("input[type=search]")) {
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of input.parentElement.querySelector("tbody").rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}

// Figures come in Vega-Lite and are drawn when they are first seen.
const plots = JSON.parse(document.getElementById("plots").textContent);
const PANELS = 600, LETTER = 6.4, MARK = 40; // pixels: of two panels, of a letter of a legend, of what stands beside a name

// A single panel takes the width that there is, if that is enough (else its box scrolls); of several panels, and of
// the names in a legend, as many stand side by side as fit.
function fitted(spec, width) {
  const made = JSON.parse(JSON.stringify(spec), (_, value) => {
    if (value?.legend?.columns) {
      const longest = Math.max(...value.scale.domain.map((name) => name.length)), room = Math.floor(width / (LETTER * longest + MARK));
      value.legend.columns = Math.max(1, Math.min(value.legend.columns, room));
    }
    return value;
  });
  if (made.columns && width < PANELS) made.columns = 1;
  return made.columns || width < made.usermeta?.least ? made : { ...made, width: "container", autosize: { type: "fit-x", contains: "padding", resize: true } };
}

// Of its messages only errors (1): it warns of legends that figures leave out on purpose.
const embed = (box, spec) => vegaEmbed(box, fitted(spec, box.clientWidth), { mode: "vega-lite", renderer: "svg", actions: false, logLevel: 1 });

const drawn = new Map(); // box -> promise of its view

function draw(part) {
  for (const box of part.querySelectorAll("[data-plot]")) if (!drawn.has(box)) drawn.set(box, embed(box, plots[box.dataset.plot]));
  return Promise.all(drawn.values());
}
document.addEventListener("toggle", (event) => { if (event.target.open) draw(event.target); }, true);
draw(document.getElementById("answer"));

// Accuracy against cost of one data set and protocol: those of several cannot be compared.
const form = document.querySelector("form"), frame = document.getElementById("plot"), against = frame?.querySelector("select");
const COSTS = { flops: ["FLOPs", 4], parameters: ["parameters", 3], latency: ["latency, ms", 5] };
let view = null, last = Promise.resolve();

function leaders() {
  const wanted = [...form.querySelectorAll("select")].filter((select) => select.value);
  const rows = [...document.querySelector(".leaders tbody").rows];
  for (const row of rows) row.hidden = !wanted.every((select) => row.dataset[select.dataset.column] === select.value);
  const left = rows.filter((row) => !row.hidden);
  form.querySelector("output").textContent = `${left.length} of ${rows.length} models`;
  const alone = new Set(left.map((row) => row.querySelector("small").textContent.split(", ").slice(0, 2).join())).size < 2;
  document.getElementById("no-plot").hidden = alone;
  frame.hidden = !alone || left.length < 2;
  if (!frame.hidden) last = last.then(() => plot(left)).catch(console.error); // one after the other: embedding takes a while
}

function point(row, column) {
  const [model, where] = [row.querySelector("button"), row.querySelector("small")], bar = row.querySelector(".bar i").style;
  const text = (place) => row.cells[place].firstChild.textContent, low = parseFloat(bar.left);
  return {
    ...{ cell: model.dataset.cell, model: model.textContent, where: where.textContent, attention: row.dataset.attention, architecture: row.dataset.architecture },
    ...{ top1: text(1), difference: text(2), runs: text(6), shown: text(column) },
    ...{ value: 100 * key(row, 1), low, high: low + parseFloat(bar.width), cost: parseFloat(key(row, column)) },
  };
}

async function plot(rows) {
  const [title, column] = COSTS[against.value], points = rows.map((row) => point(row, column)).filter((each) => each.cost > 0);
  const costs = points.map((each) => each.cost), type = Math.max(...costs) > 5 * Math.min(...costs) ? "log" : "linear";
  const box = frame.querySelector(".plot"), lacking = rows.length - points.length;
  document.getElementById("unmeasured").textContent = lacking ? `Of ${lacking} of these ${rows.length} models this was not measured. ` : "";
  view?.finalize(); // a view keeps where it was moved to, and what was pressed in its legend
  view = null;
  box.hidden = points.length < 2;
  if (box.hidden) return;
  const several = (field) => new Set(points.map((each) => each[field])).size > 1, field = several("attention") ? "attention" : "architecture";
  const spec = { ...structuredClone(plots[`leaders_${field}`]), datasets: { models: points } };
  const scale = { ...spec.layer[0].encoding.x.scale, type, zero: type === "log" ? undefined : false };
  for (const { encoding } of spec.layer) {
    Object.assign(encoding.x, { title, scale });
    for (const tip of encoding.tooltip ?? []) if (tip.title === "cost") tip.title = title;
    for (const { scale: names } of ["stroke", "fill", "shape"].map((channel) => encoding[channel] ?? {})) if (names) leave(names, points, field);
  }
  ({ view } = await embed(box, spec));
  view.addEventListener("click", (_, mark) => { if (facts.cells[mark?.datum?.cell]) show(mark.datum.cell); });
}

// Of a legend's names those that points have; each keeps its mark.
function leave(scale, points, field) {
  const there = new Set(points.map((each) => each[field])), kept = scale.domain.map((name, i) => [name, scale.range[i]]).filter(([name]) => there.has(name));
  Object.assign(scale, { domain: kept.map(([name]) => name), range: kept.map(([, value]) => value) });
}

if (form) {
  for (const option of against.options) { // what was measured of no model is no choice
    option.disabled = ![...document.querySelector(".leaders tbody").rows].some((row) => key(row, COSTS[option.value][1]) > 0);
  }
  form.addEventListener("change", leaders);
  against.addEventListener("change", leaders);
  leaders();
}

// Counts come as [label, prediction, clips, ...], zeros left out.
function confusion(classes, counts) {
  const pairs = [];
  for (let i = 0; i < counts.length; i += 3) pairs.push(counts.slice(i, i + 3));
  return classes.length > MANY ? confused(classes, pairs) : matrix(classes, pairs);
}

function matrix(classes, pairs) {
  const counts = classes.map(() => classes.map(() => 0));
  for (const [label, prediction, clips] of pairs) counts[label][prediction] = clips;
  const table = element("table", "", { className: "matrix" }), top = table.createTHead().insertRow(), body = table.createTBody();
  table.createCaption().textContent = "Confusion matrix: rows are labels, columns predictions, all runs";
  top.append(...["", ...classes].map((name) => element("th", name, { scope: "col" })));
  counts.forEach((row, label) => {
    const line = body.insertRow(), total = row.reduce((sum, count) => sum + count, 0);
    line.append(element("th", classes[label], { scope: "row" }));
    for (const count of row) {
      const share = total ? count / total : 0, cell = element("td", count || "");
      cell.style.background = `rgb(11 79 138 / ${share})`;
      cell.style.color = share > 0.75 ? "#fff" : "#000"; // a contrast of 4.5 on either side
      line.append(cell);
    }
  });
  return table;
}

function confused(classes, pairs) {
  const wrong = pairs.filter(([label, prediction]) => label !== prediction).sort((a, b) => b[2] - a[2]).slice(0, 20);
  const list = element("ol");
  list.append(...wrong.map(([label, prediction, clips]) => element("li", `${classes[label]} taken for ${classes[prediction]}: ${clips}`)));
  return list;
}

function described(name, content) {
  const description = element("dd");
  if (typeof content === "string") description.textContent = content;
  else for (const [text, href] of content) description.append(element("a", text, { href }), " ");
  return [element("dt", name), description];
}

function show(cell) {
  const { confusion: counts, classes, ...entries } = facts.cells[cell];
  document.getElementById("cell-name").textContent = cell;
  panel.querySelector("dl").replaceChildren(...Object.entries(entries).flatMap(([name, content]) => described(name, content)));
  document.getElementById("confusion").replaceChildren(...(counts ? [confusion(facts.classes[classes], counts)] : []));
  panel.showModal();
}

for (const button of document.querySelectorAll("button[data-cell]")) {
  if (facts.cells[button.dataset.cell]) button.addEventListener("click", () => show(button.dataset.cell));
}
panel.querySelector(".close").addEventListener("click", () => panel.close());

// A link into a folded part opens it.
function open() {
  const target = document.getElementById(location.hash.slice(1));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target?.scrollIntoView();
}
addEventListener("hashchange", open);
const unfold = () => document.querySelectorAll("details").forEach((part) => { part.open = true; });
addEventListener("beforeprint", unfold);
document.getElementById("print").addEventListener("click", async () => { // a browser's own command does not wait for figures
  unfold();
  await draw(document);
  print();
});
open();
