"use strict";
/** Keeps the page as the search is: asks for its version, and draws a new page out of sight before it takes the old one's place. */
(async () => {
  const SECONDS = 3;
  const state = document.createElement("p");
  state.className = "live";
  document.body.prepend(state);
  let shown = document.documentElement.dataset.version;

  async function replace(version) {
    const page = new DOMParser().parseFromString(await (await fetch("page")).text(), "text/html");
    const before = document.querySelector("main");
    const after = document.adoptNode(page.querySelector("main"));
    after.classList.add("drawing");
    document.body.append(after);
    await draw(after, specificationsOf(page));
    const open = [...before.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent);
    for (const summary of after.querySelectorAll("details > summary")) summary.parentNode.open = open.includes(summary.textContent);
    const picked = before.querySelector("tr.picked")?.dataset.trial;
    if (picked) after.querySelector(`tr[data-trial="${CSS.escape(picked)}"]`)?.click();
    const place = window.scrollY;
    before.replaceWith(after);
    after.classList.remove("drawing");
    window.scrollTo({ top: place, behavior: "instant" });
    shown = version;
  }

  for (;;) {
    try {
      const known = await (await fetch("version")).json();
      if (known.version !== shown) await replace(known.version);
      state.textContent = known.over ? "The search is over." : `Live: looks for news every ${SECONDS} seconds.`;
    } catch {
      state.textContent = "The server has stopped: this is the last that it said.";
    }
    document.documentElement.dataset.version = shown;
    await new Promise((done) => setTimeout(done, SECONDS * 1000));
  }
})();
