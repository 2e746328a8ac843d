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
  return sign * (byNumber ? x - y : x.localeCompare(y));
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

const form = document.querySelector("form");
form?.addEventListener("change", () => {
  const wanted = [...form.querySelectorAll("select")].filter((select) => select.value);
  const rows = [...document.querySelector(".leaders tbody").rows];
  for (const row of rows) row.hidden = !wanted.every((select) => row.dataset[select.dataset.column] === select.value);
  const shown = rows.filter((row) => !row.hidden);
  form.querySelector("output").textContent = `${shown.length} of ${rows.length} models`;
  plot(shown);
});

// Accuracy against cost of one data set and protocol: those of several cannot be compared.
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 620, 12, 220], PLACE = { top1: 1, flops: 4 };

function plot(rows) {
  const points = rows.map((row) => ({ row, x: Math.log10(key(row, PLACE.flops)), y: 100 * key(row, PLACE.top1), bar: row.querySelector(".bar i").style }))
    .filter((point) => isFinite(point.x));
  const place = (name) => new Set(rows.map((row) => row.querySelector("small").textContent.split(", ")[name])).size;
  const frame = document.getElementById("plot");
  frame.hidden = points.length < 2 || place(0) > 1 || place(1) > 1;
  if (frame.hidden) return;
  const ends = (values) => [Math.min(...values), Math.max(...values)];
  const scale = ([low, high], from, to) => (value) => (from + to) / 2 + (high > low ? ((value - (low + high) / 2) * (to - from) * 0.9) / (high - low) : 0);
  const bounds = points.flatMap(({ y, bar }) => [y, parseFloat(bar.left), parseFloat(bar.left) + parseFloat(bar.width)]);
  const [x, y] = [scale(ends(points.map((point) => point.x)), LEFT, RIGHT), scale(ends(bounds), BOTTOM, TOP)];
  const drawn = [drawing("path", { d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` })];
  for (const value of ends(points.map((point) => point.x))) drawn.push(drawing("text", { x: x(value), y: BOTTOM + 18, "text-anchor": "middle" }, short(10 ** value)));
  for (const value of ends(bounds)) drawn.push(drawing("text", { x: LEFT - 4, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(0)));
  drawn.push(drawing("text", { x: RIGHT, y: BOTTOM + 36, "text-anchor": "end" }, "FLOPs"), drawing("text", { x: 2, y: TOP }, "%"));
  for (const point of points) {
    const [low, width] = [parseFloat(point.bar.left), parseFloat(point.bar.width)], button = point.row.querySelector("button");
    const told = `${button.textContent}: ${point.row.cells[PLACE.top1].firstChild.textContent} %, ${point.row.cells[PLACE.flops].firstChild.textContent} FLOPs`;
    const mark = drawing("circle", { cx: x(point.x), cy: y(point.y), r: 6, tabindex: 0, role: "button", "aria-label": told });
    mark.append(drawing("title", {}, told));
    mark.addEventListener("click", () => show(button.dataset.cell));
    mark.addEventListener("keydown", (event) => { if (event.key === "Enter") show(button.dataset.cell); });
    drawn.push(drawing("path", { d: `M${x(point.x)} ${y(low)}V${y(low + width)}` }), mark);
  }
  frame.querySelector("svg").replaceChildren(...drawn);
}

const short = (value) => Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);

function drawing(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.textContent = text;
  return made;
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
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  target?.scrollIntoView();
}
addEventListener("hashchange", open);
form?.dispatchEvent(new Event("change"));
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
open();
