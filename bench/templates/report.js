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
  const names = [...table.tHead.rows[0].cells].map((head) => head.textContent.toLowerCase());
  for (const row of table.tBodies[0].rows) {
    const texts = [...row.cells].map((cell) => cell.textContent.toLowerCase());
    const met = (word) => {
      const [name, exact] = word.split("=");
      return names.includes(name) && exact ? texts[names.indexOf(name)] === exact : texts.some((x) => x.includes(word));
    };
    row.hidden = !words.every(met);
  }
}

// Buttons for the few values of a coordinate: a click adds `column=value` to the filter or takes it out.
function chips(place, table, input) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!["dataset", "protocol", "protocols", "attention"].includes(head.textContent)) return;
    const values = new Set([...table.tBodies[0].rows].map((row) => row.cells[column].textContent));
    if (values.size < 2 || values.size > 9) return;
    for (const text of [...values].filter((x) => !/[\s-]/.test(x))) {
      const button = document.createElement("button"), word = `${head.textContent}=${text}`;
      [button.type, button.textContent, button.title] = ["button", text, `Only ${head.textContent} ${text}`];
      button.addEventListener("click", () => {
        const words = input.value.split(/\s+/).filter((x) => x && !x.startsWith(`${head.textContent}=`));
        const on = input.value.split(/\s+/).includes(word);
        input.value = [...words, ...(on ? [] : [word])].join(" ");
        input.dispatchEvent(new Event("input"));
      });
      button.dataset.word = word;
      place.append(button);
    }
  });
  input.addEventListener("input", () => {
    const words = input.value.split(/\s+/);
    for (const button of place.children) button.setAttribute("aria-pressed", words.includes(button.dataset.word));
  });
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
  const table = section.querySelector("table:not(.plain)");
  if (!table) continue;
  const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
  heads.forEach((head, column) => {
    if (!numeric(rows, column)) [head, ...rows.map((row) => row.cells[column])].forEach((cell) => cell.classList.add("text"));
    head.addEventListener("click", () => sort(table, column));
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(table, column); });
  });
  const input = section.querySelector("input");
  input.addEventListener("input", () => filter(table, input.value));
  chips(section.querySelector(".chips"), table, input);
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
