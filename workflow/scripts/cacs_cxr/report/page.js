"use strict";
// A table is sorted by the column whose heading is pressed: up, down, and again as it was printed.
const NUMBER = /^[<>≥≤=]?\s*([−-]?[\d,]*\.?\d+)/;
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

function value(row, column) {
  const text = row.cells[column].textContent.trim();
  const found = NUMBER.exec(text);
  return { text, number: found ? Number(found[1].replaceAll(",", "").replace("−", "-")) : NaN };
}

// Cells without a number stand last in both directions.
function compare(a, b, sign) {
  const [first, second] = [Number.isNaN(a.number), Number.isNaN(b.number)];
  if (first !== second) return first ? 1 : -1;
  const words = a.text.localeCompare(b.text);
  return sign * (first ? words : a.number - b.number || words);
}

for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const printed = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const order = NEXT[heading.getAttribute("aria-sort") ?? "none"];
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      const rows = [...printed];
      if (order !== "none") {
        heading.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        rows.sort((a, b) => compare(value(a, column), value(b, column), sign));
      }
      body.append(...rows);
    });
  });
}

// A figure is shown at the size of its pixels in a dialog that scrolls; Escape closes it.
const dialog = document.getElementById("enlarged");
const picture = dialog.querySelector("img");
dialog.querySelector("button").addEventListener("click", () => dialog.close());
for (const figure of document.querySelectorAll("main figure")) {
  const image = figure.querySelector("img");
  const name = figure.querySelector("b").textContent.replace(/\.$/, "");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Enlarge ${name.toLowerCase()}`;
  const enlarge = () => {
    picture.src = image.src;
    picture.alt = image.alt;
    dialog.setAttribute("aria-label", name);
    dialog.showModal();
  };
  button.addEventListener("click", enlarge);
  image.addEventListener("click", enlarge);
  image.style.cursor = "zoom-in";
  figure.querySelector("figcaption").append(button);
}

window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
