"use strict";
/** Draws the charts of a page's main element, and makes its tables and buttons work. */
async function draw(main, specifications) {
  const options = {
    mode: "vega-lite", renderer: "svg", actions: false, logLevel: 1,
    tooltip: { disableDefaultStyle: true, offsetX: 14, offsetY: 14 },
  };
  const views = {};

  function pick(trial) {
    const row = main.querySelector(`#trials-table tr[data-trial="${CSS.escape(trial)}"]`);
    if (!row) return;
    const names = [...row.closest("table").tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const cell = (name) => row.cells[names.indexOf(name)].textContent;
    const [parameters, epoch, status, network, training] =
      ["parameters", "best epoch", "status", "network", "training"].map(cell);
    const accuracy = row.cells[1].textContent;
    main.querySelector("#picked").textContent = `Trial ${trial}`;
    main.querySelector("#picked-text").textContent =
      [`${accuracy} with ${parameters} parameters`, network, training, `best epoch ${epoch}, ${status}`].filter(Boolean).join(" · ");
    for (const one of main.querySelectorAll("tr[data-trial]")) one.classList.toggle("picked", one.dataset.trial === trial);
    for (const view of [views.frontier, views.curve]) view?.signal("trial", trial).runAsync();
  }

  function sortBy(table, header) {
    const column = header.cellIndex;
    const descending = header.getAttribute("aria-sort") === "ascending" ||
      (!header.hasAttribute("aria-sort") && header.classList.contains("n"));
    if (header.getAttribute("aria-sort") === "descending") header.setAttribute("aria-sort", "ascending");
    else header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    for (const other of header.parentNode.cells) if (other !== header) other.removeAttribute("aria-sort");
    const sign = header.getAttribute("aria-sort") === "descending" ? -1 : 1;
    const numeric = header.classList.contains("n");
    const keyed = [...table.tBodies[0].rows].map((row) => {
      const cell = row.cells[column];
      const key = cell.dataset.key ?? cell.textContent;
      return [numeric || cell.dataset.key !== undefined ? Number(key) : key, row];
    });
    keyed.sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  }

  for (const table of main.querySelectorAll("table.sortable")) {
    table.tHead.addEventListener("click", (event) => {
      const header = event.target.closest("th");
      if (header) sortBy(table, header);
    });
    table.tBodies[0].addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) pick(row.dataset.trial);
    });
  }
  main.querySelector("#more")?.addEventListener("click", (event) => {
    const all = main.querySelector("#trials-table").classList.toggle("all");
    event.target.dataset.rest ??= event.target.textContent;
    event.target.textContent = all ? "Show fewer" : event.target.dataset.rest;
  });

  for (const place of main.querySelectorAll("[data-chart]")) {
    const name = place.dataset.chart;
    views[name] = (await vegaEmbed(place, specifications[name], options)).view;
  }
  if (views.frontier) {
    const knee = views.frontier.signal("trial");
    for (const row of main.querySelectorAll(`tr[data-trial="${CSS.escape(knee)}"]`)) row.classList.add("knee");
    views.frontier.addEventListener("click", (_event, item) => item?.datum?.trial_id && pick(item.datum.trial_id));
    pick(knee);
  }
  document.documentElement.dataset.ready = "yes";
}

const specificationsOf = (page) => JSON.parse(page.getElementById("specifications").textContent);
draw(document.querySelector("main"), specificationsOf(document));
