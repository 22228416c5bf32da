// Nothing here is needed to read the report: it tells the values at a place, hides subjects, and turns the theme.
"use strict";
(() => {
  const root = document.documentElement;
  const told = document.getElementById("told");
  const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);

  const themes = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  const turn = (theme) => {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    button.textContent = "theme: " + theme;
  };
  let theme = "auto";
  // A page from a file may not be allowed to remember.
  try { theme = localStorage.getItem("purekv-theme") || "auto"; } catch { /* then it does not */ }
  if (!themes.includes(theme)) theme = "auto";
  turn(theme);
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    turn(theme);
    try { localStorage.setItem("purekv-theme", theme); } catch { /* then it does not */ }
  });

  const hide = () => { told.hidden = true; };

  function live(chart) {
    const title = chart.querySelector("title");
    chart.setAttribute("aria-label", title.textContent);
    chart.removeAttribute("aria-labelledby");
    // The browser would show it above what we tell.
    title.remove();
    const lines = [...chart.querySelectorAll(".series")].map((element) => ({
      element,
      subject: element.dataset.subject,
      hue: [...element.classList].find((name) => name.startsWith("h-")),
      points: JSON.parse(element.dataset.hover),
    }));
    if (!lines.length) return;
    chart.classList.add("live");
    chart.setAttribute("role", "group");
    chart.tabIndex = 0;

    const places = [...new Set(lines.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
    const guide = svg("path");
    guide.setAttribute("class", "guide");
    chart.append(guide);
    const grid = [...chart.querySelectorAll(".grid,.axis")].map((path) => path.getBBox());
    const top = Math.min(...grid.map((box) => box.y));
    const bottom = Math.max(...grid.filter((box) => box.width > 50).map((box) => box.y));
    let here = -1;

    const tell = (index) => {
      here = index;
      const x = places[index];
      const values = lines
        .filter((line) => !line.element.classList.contains("off"))
        .map((line) => ({ line, point: line.points.find((point) => point[0] === x) }))
        .filter((found) => found.point)
        .sort((a, b) => a.point[1] - b.point[1]);
      if (!values.length) return leave();
      guide.setAttribute("d", `M${x} ${top}V${bottom}`);
      told.replaceChildren();
      const name = document.createElement("b");
      name.textContent = values[0].point[2];
      told.append(name);
      for (const { line, point } of values) {
        const row = document.createElement("div");
        row.className = line.hue;
        for (const text of [line.subject, point[3]]) {
          const cell = document.createElement("span");
          cell.textContent = text;
          row.append(cell);
        }
        told.append(row);
      }
      told.hidden = false;
      const box = chart.getBoundingClientRect();
      const scale = box.width / chart.viewBox.baseVal.width;
      const at = box.left + x * scale;
      const wide = told.offsetWidth;
      let left = at + 14;
      if (left + wide > root.clientWidth - 4) left = at - 14 - wide;
      left = Math.max(4, Math.min(left, root.clientWidth - wide - 4));
      told.style.left = left + scrollX + "px";
      told.style.top = box.top + scrollY + top * scale + "px";
    };
    const leave = () => { here = -1; guide.removeAttribute("d"); hide(); };
    const nearest = (event) => {
      const box = chart.getBoundingClientRect();
      const x = (event.clientX - box.left) * chart.viewBox.baseVal.width / box.width;
      let best = 0;
      places.forEach((place, index) => { if (Math.abs(place - x) < Math.abs(places[best] - x)) best = index; });
      return best;
    };
    const over = (event) => (event.target.closest(".label") ? leave() : tell(nearest(event)));
    chart.addEventListener("pointermove", over);
    chart.addEventListener("pointerdown", over);
    chart.addEventListener("pointerleave", leave);
    chart.addEventListener("blur", leave);
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") leave();
      if (step === undefined || event.target !== chart) return;
      event.preventDefault();
      tell(Math.max(0, Math.min(places.length - 1, here < 0 ? 0 : here + step)));
    });

    for (const label of chart.querySelectorAll("[data-switch]")) {
      const line = lines.find((line) => line.subject === label.dataset.switch);
      if (!line) continue;
      label.setAttribute("role", "button");
      label.setAttribute("aria-pressed", "true");
      label.setAttribute("aria-label", "show " + line.subject);
      label.tabIndex = 0;
      const flip = () => {
        const off = line.element.classList.toggle("off");
        label.classList.toggle("off", off);
        label.setAttribute("aria-pressed", String(!off));
      };
      const light = (on) => {
        chart.classList.toggle("one", on);
        line.element.classList.toggle("lit", on);
        label.classList.toggle("lit", on);
      };
      label.addEventListener("click", flip);
      label.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        flip();
      });
      label.addEventListener("pointerenter", () => light(true));
      label.addEventListener("pointerleave", () => light(false));
    }
  }
  document.querySelectorAll(".chart").forEach(live);

  // Paper cannot be unfolded.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")].filter((details) => !details.closest("figure"));
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));

  // For who checks that nothing lies beyond the edge.
  const measure = () => { root.dataset.width = root.scrollWidth + "/" + root.clientWidth; };
  measure();
  addEventListener("resize", measure);
})();
