// A column that is cut at the grid's edge reads as another figure ("0" for "8.00"): it is covered whole, and named below.
"use strict";
const Grid = (() => {
  const name = (head) => head.dataset.name;

  function listed(heads) {
    const words = heads.filter((head) => head.matches(".fact")).map(name);
    const labels = heads.filter((head) => !head.matches(".fact")).map(name);
    if (labels.length > 2) words.push(`${labels[0]} to ${labels[labels.length - 1]} min`);
    else if (labels.length) words.push(`${labels.join(", ")} min`);
    return words.join(", ");
  }

  // Tells what is out of view on either side; covers from the pinned column to the first whole one, and behind the last.
  function cut() {
    const grid = document.getElementById("grid-scroll");
    const told = document.querySelector("[data-out]");
    if (!grid || !told) return;
    const frame = grid.getBoundingClientRect();
    const [pin, ...all] = grid.querySelectorAll("thead th");
    const from = pin.getBoundingClientRect().right;
    const to = frame.left + grid.clientWidth;
    const heads = all.filter((head) => head.offsetWidth);
    const places = heads.map((head) => head.getBoundingClientRect());
    const whole = places.map((place) => place.left >= from - 1 && place.right <= to + 1);
    const [first, last] = [whole.indexOf(true), whole.lastIndexOf(true)];
    const height = `${grid.querySelector("table").offsetHeight}px`;
    const cover = (side, left, width) => {
      const element = document.querySelector(`[data-cut="${side}"]`);
      Object.assign(element.style, { left: `${left - frame.left}px`, width: `${Math.max(0, width)}px`, height });
      element.hidden = width <= 1;
    };
    const before = first > 0;
    const behind = last >= 0 && last < heads.length - 1;
    cover("left", from, before ? places[first].left - from : 0);
    cover("right", behind ? places[last].right : to, behind ? to - places[last].right : 0);
    grid.style.scrollPaddingInline = `${from - frame.left + 10}px 10px`;
    const absent = listed(all.filter((head) => !head.offsetWidth));
    const words = [
      before && `← to the left: ${listed(heads.slice(0, first))}`,
      behind && `more to the right →: ${listed(heads.slice(last + 1))}`,
      absent && `on a wider page: ${absent}`,
    ];
    const text = words.filter(Boolean).join(" · ");
    if (told.textContent !== text) told.textContent = text;
  }

  let asked = null;
  function later(work) {
    if (!asked) requestAnimationFrame(() => { asked(); asked = null; });
    asked = work;
  }

  // A page that grows a scroll bar narrows the grid without a resize of the window.
  let watched = null;
  function watch(narrowed) {
    const grid = document.getElementById("grid-scroll");
    if (grid === watched?.grid) return;
    watched?.sizes.disconnect();
    const sizes = new ResizeObserver(() => later(() => { narrowed(); cut(); }));
    watched = { grid, sizes };
    if (grid) sizes.observe(grid);
  }

  // A scroll does not bubble; the grid may be another element after news.
  document.addEventListener("scroll", (event) => event.target.id === "grid-scroll" && (asked || later(cut)), true);
  return { cut, watch };
})();
