"use strict";
// Sorting by the header's buttons, filtering by text, route, gate and q: nothing here is needed to read the page.
function valueOf(row, column) {
  const cell = row.cells[column];
  const raw = cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim();
  return raw === "" || isNaN(raw) ? raw : Number(raw);
}
function compare(a, b) {
  if (a === "" || b === "") return (a === "") - (b === "");
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
document.querySelectorAll("table.sortable").forEach((table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
      rows.sort(([a], [b]) => {
        const order = compare(a, b);
        return a === "" || b === "" ? order : down ? -order : order; // empty cells stay last
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
});
document.querySelectorAll("form.controls").forEach((form) => {
  const table = document.getElementById(form.dataset.table);
  const status = form.querySelector("output");
  function filter() {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const route = form.elements.route.value;
    const gate = form.elements.gate.checked;
    const q = form.elements.q.value === "" ? Infinity : Number(form.elements.q.value);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.dataset.text;
      const rowQ = row.dataset.q === "" ? Infinity : Number(row.dataset.q);
      const keep = words.every((word) => text.includes(word)) && (!route || row.dataset.route === route) &&
        (!gate || row.dataset.gate === "passed") && rowQ <= q;
      row.hidden = !keep;
      shown += keep;
    }
    status.textContent = `${shown} of ${table.tBodies[0].rows.length} motifs`;
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
});
