// Uses the page as a reader would and leaves what it saw as the only text of the document.
addEventListener("load", () => {
  const result = {}, table = document.querySelector(".leaders"), heads = [...table.tHead.rows[0].cells];
  const visible = () => [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.querySelector("button").textContent);
  const press = (column) => heads[column].querySelector("button").click();
  result.first = visible();
  press(1); result.down = visible(); press(1); result.up = visible();
  press(2); result.gaps = visible(); result.sorted = heads.map((head) => head.getAttribute("aria-sort"));
  const select = document.querySelector("select[data-column=attention]");
  select.value = "cbam"; select.dispatchEvent(new Event("change", { bubbles: true }));
  result.alone = document.getElementById("plot").hidden;
  result.cbam = visible(); result.count = document.querySelector("output").textContent;
  select.value = ""; select.dispatchEvent(new Event("change", { bubbles: true }));
  result.points = [...document.querySelectorAll("#plot circle")].map((point) => [+point.getAttribute("cx"), +point.getAttribute("cy"), point.getAttribute("aria-label")]);
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const wide = (part) => part.getBoundingClientRect().width > innerWidth;
  result.wide = [...document.querySelectorAll("th, td, p, li, figure, img")].filter(wide).map((part) => part.textContent.slice(0, 60));
  result.fits = document.documentElement.scrollWidth <= innerWidth;
  const spill = (part) => part.scrollWidth > part.clientWidth + 1;
  result.spill = [...document.querySelectorAll("th, td")].filter(spill).map((part) => part.textContent.slice(0, 60));
  const box = document.querySelector("#table-demo_grid .wide"); box.scrollLeft = 1e4;
  result.stays = Math.abs(box.querySelector("tbody th").getBoundingClientRect().left - box.getBoundingClientRect().left) < 3;
  result.unlabelled = [...document.querySelectorAll("input, select, button, img")].filter(
    (part) => !(part.labels?.length || part.ariaLabel || part.alt || part.textContent.trim())).length;
  result.marks = document.querySelector("main").innerText.includes("`");
  const above = [...document.querySelectorAll("#answer > p")].filter((part) => part.compareDocumentPosition(document.querySelector("#figure-answer")) & 4);
  result.lines = above.map((part) => Math.round(part.clientHeight / parseFloat(getComputedStyle(part).lineHeight)));
  const menu = document.querySelector("nav"); result.menu = menu.scrollWidth <= menu.clientWidth;
  const button = table.querySelector("tbody button"); button.focus();
  result.focus = document.activeElement === button; button.click();
  const panel = document.querySelector("dialog");
  result.panel = [panel.open, panel.querySelector("h2").textContent, panel.querySelector("dd a").getAttribute("href")];
  result.matrix = [...panel.querySelectorAll(".matrix tbody tr")].map((row) => [...row.cells].slice(1).map((cell) => +cell.textContent));
  document.body.replaceChildren(JSON.stringify(result));
});
