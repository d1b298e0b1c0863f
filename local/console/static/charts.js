// Draws the race's charts over their pictures: values under the pointer, one crosshair for both, a stretch to look into.
"use strict";
const Charts = (() => {
  const plots = new Map();
  let picked = new Set();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const DASHES = [[], [7, 4], [2, 3]];

  const minutes = (at) => (at === 0 ? "start" : at < 0 ? String(-at) : `+${at}`);
  const money = (v) => (v >= 1e6 ? `$${(v / 1e6).toFixed(2)}m` : v >= 1e4 ? `$${(v / 1e3).toFixed(1)}k` : `$${Math.round(v).toLocaleString("en")}`);

  // The legend beside the chart shows the values under the pointer, and the newest ones otherwise.
  function legend(plot) {
    const at = plot.u.cursor.idx;
    for (const item of plot.figure.querySelectorAll(".legend [data-line]")) {
      const line = plot.data.lines.find((each) => each.key === item.dataset.line);
      const value = at === null || at === undefined ? line?.values.findLast((v) => v !== null) : line?.values[at];
      const text = value === null || value === undefined ? "—" : plot.data.money ? money(value) : value.toFixed(2);
      const shown = item.querySelector("[data-value]");
      if (shown.textContent !== text) shown.textContent = text;
    }
  }

  function marks(u, data) {
    const context = u.ctx;
    context.save();
    for (const mark of data.marks) {
      const line = data.lines.find((each) => each.key === mark.key);
      if (picked.size && !picked.has(mark.key)) continue;
      const x = u.valToPos(mark.at, "x", true);
      const y = u.valToPos(mark.value, "y", true);
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
      const size = 4 * devicePixelRatio;
      context.fillStyle = colour(`--c${line.style % 8}`);
      context.beginPath();
      context.moveTo(x - size, y - 3 * size);
      context.lineTo(x + size, y - 3 * size);
      context.lineTo(x, y - 1.2 * size);
      context.fill();
    }
    const start = u.valToPos(0, "x", true);
    if (start >= u.bbox.left && start <= u.bbox.left + u.bbox.width) {
      context.strokeStyle = colour("--fg");
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(start, u.bbox.top);
      context.lineTo(start, u.bbox.top + u.bbox.height);
      context.stroke();
    }
    context.restore();
  }

  function options(plot, width) {
    const { data } = plot;
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    return {
      width,
      height: Math.max(200, Math.min(300, Math.round(width * 0.38))),
      legend: { show: false },
      cursor: { sync: { key: "race" }, drag: { x: true, y: false, dist: 8 }, points: { size: 5 } },
      scales: { x: { time: false }, y: data.log ? { distr: 3, log: 10, range: (u, low, high) => [low * 0.9, high * 1.1] } : { range: (u, low, high) => [0, high * 1.08] } },
      axes: [
        { ...axis, size: 30, values: (u, marks) => marks.map(minutes) },
        {
          ...axis,
          size: 54,
          splits: data.log ? (u, i, low, high) => [1.2, 1.5, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 400].filter((v) => v >= low && v <= high) : undefined,
          filter: data.log ? (u, marks) => marks : undefined,
          values: (u, marks) => marks.map((v) => (data.money ? money(v) : v)),
        },
      ],
      series: [
        {},
        ...data.lines.map((line) => ({
          stroke: () => colour(`--c${line.style % 8}`),
          width: 2,
          dash: DASHES[Math.floor(line.style / 8)],
          alpha: line.faded ? 0.45 : 1,
          spanGaps: true,
          points: { show: false },
        })),
      ],
      hooks: { draw: [(u) => marks(u, plot.data)], setCursor: [() => legend(plot)] },
    };
  }

  const rows = (data) => [data.at, ...data.lines.map((line) => line.values)];
  const shape = (data) => JSON.stringify(data.lines.map((line) => [line.key, line.faded]));

  function fresh(figure, text) {
    const data = JSON.parse(text);
    const plot = { figure, text, data, shape: shape(data) };
    const place = figure.querySelector(".plot");
    place.replaceChildren();
    plot.u = new uPlot(options(plot, place.clientWidth || figure.clientWidth), rows(data), place);
    plots.set(figure.id, plot);
  }

  // A chart is made once, and is given its new figures afterwards: a stretch that is looked into stays.
  function draw() {
    // A moment before the first figures has no chart, and the next one that has is drawn anew.
    for (const [id, plot] of plots) if (!plot.figure.isConnected || !plot.figure.dataset.plot) plots.delete(id);
    for (const figure of document.querySelectorAll("[data-plot]")) {
      const known = plots.get(figure.id);
      const text = figure.dataset.plot;
      if (known && known.figure === figure && known.text === text) {
        legend(known);
        continue;
      }
      const data = JSON.parse(text);
      if (!known || known.figure !== figure || known.shape !== shape(data)) {
        document.body.classList.add("plots");
        fresh(figure, text);
        if (picked.size) queueMicrotask(() => pick(picked));
        continue;
      }
      const { min, max } = known.u.scales.x;
      const whole = min === known.data.at[0] && max === known.data.at.at(-1);
      Object.assign(known, { text, data });
      known.u.setData(rows(data), whole);
      if (!whole) known.u.setScale("x", { min, max });
      legend(known);
    }
  }

  function pick(chosen) {
    picked = new Set(chosen);
    for (const plot of plots.values()) {
      if (plot.data.money) continue;
      const any = plot.data.lines.some((line) => picked.has(line.key));
      plot.data.lines.forEach((line, i) => {
        plot.u.series[i + 1].alpha = any && !picked.has(line.key) ? 0.15 : line.faded ? 0.45 : 1;
        plot.u.series[i + 1].width = any && picked.has(line.key) ? 3.5 : 2;
      });
      plot.u.redraw(false);
    }
  }

  function again() {
    for (const plot of [...plots.values()]) if (plot.figure.isConnected && plot.figure.dataset.plot) fresh(plot.figure, plot.figure.dataset.plot);
    if (picked.size) queueMicrotask(() => pick(picked));
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(again, 150);
  });
  return { draw, pick };
})();
