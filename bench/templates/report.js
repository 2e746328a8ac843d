"use strict";
const cells = JSON.parse(document.getElementById("cells").textContent);
const panel = document.getElementById("provenance");

const value = (row, column) => row.cells[column].dataset.key;
const numeric = (rows, column) => rows.every((row) => value(row, column) === "" || !isNaN(value(row, column)))
  && rows.some((row) => value(row, column) !== "");

function compare(a, b, column, byNumber, sign) {
  const [x, y] = [value(a, column), value(b, column)];
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

function filter(table, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of table.tBodies[0].rows) {
    const content = row.textContent.toLowerCase() + " " + [...row.cells].map((cell) => cell.textContent.toLowerCase()).join(" ");
    row.hidden = !words.every((word) => content.includes(word));
  }
}

function show(cell, column, text) {
  const entries = Object.entries({ [column]: text, ...cells[cell] });
  panel.querySelector("dl").replaceChildren(...entries.flatMap(([name, content]) => {
    const [term, description] = [document.createElement("dt"), document.createElement("dd")];
    [term.textContent, description.textContent] = [name, content];
    return [term, description];
  }));
  panel.hidden = false;
}

for (const section of document.querySelectorAll("section")) {
  const table = section.querySelector("table");
  if (!table) continue;
  const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
  heads.forEach((head, column) => {
    if (!numeric(rows, column)) [head, ...rows.map((row) => row.cells[column])].forEach((cell) => cell.classList.add("text"));
    head.addEventListener("click", () => sort(table, column));
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(table, column); });
  });
  section.querySelector("input").addEventListener("input", (event) => filter(table, event.target.value));
  for (const row of rows.filter((row) => cells[row.dataset.cell])) {
    for (const [column, td] of [...row.cells].entries()) {
      const source = cells[row.dataset.cell];
      td.title = `${heads[column].textContent} of ${row.dataset.cell}\n${source.records}`;
      td.addEventListener("click", () => show(row.dataset.cell, heads[column].textContent, td.textContent));
    }
  }
}
panel.querySelector("button").addEventListener("click", () => { panel.hidden = true; });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") panel.hidden = true; });
