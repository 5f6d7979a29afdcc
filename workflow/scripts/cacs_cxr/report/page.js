"use strict";
// A table is sorted by the column whose heading is pressed: up, down, and again as it was printed.
const NUMBER = /^[<>≥≤=]?\s*([−-]?[\d,]*\.?\d+)/;
const NEXT = { none: "ascending", ascending: "descending", descending: "none" };

function value(row, column) {
  const text = row.cells[column].textContent.trim();
  const found = NUMBER.exec(text);
  return { text, number: found ? Number(found[1].replaceAll(",", "").replace("−", "-")) : NaN };
}

function compare(a, b) {
  const numbers = [a.number, b.number].filter((number) => !Number.isNaN(number));
  if (numbers.length === 2) return a.number - b.number || a.text.localeCompare(b.text);
  if (numbers.length === 1) return Number.isNaN(a.number) ? 1 : -1;
  return a.text.localeCompare(b.text);
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
        rows.sort((a, b) => compare(value(a, column), value(b, column)));
        if (order === "descending") rows.reverse();
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
