// Brings news into an open page without losing its place: scroll, selection, filter and open details stay.
"use strict";
(() => {
  const EVERY_MS = 2000;
  const speed = Number(document.body.dataset.speed) || 1;
  let anchor = { server: Number(document.body.dataset.now), local: performance.now() };
  const picked = new Set(JSON.parse(sessionStorage.getItem("picked") || "[]"));
  let tag = "";

  const now = () => anchor.server + (performance.now() - anchor.local) * speed;

  function span(ms) {
    const secs = Math.floor(Math.abs(ms) / 1000);
    const two = (n) => String(n).padStart(2, "0");
    if (secs < 60) return `${secs} s`;
    if (secs < 600) return `${Math.floor(secs / 60)} min ${two(secs % 60)} s`;
    if (secs < 3600) return `${Math.floor(secs / 60)} min`;
    if (secs < 172800) return `${Math.floor(secs / 3600)} h ${two(Math.floor((secs % 3600) / 60))} min`;
    return `${Math.floor(secs / 86400)} days`;
  }

  const zone = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Pacific/Auckland", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });

  function set(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  // What a frame may change without being late: at a whole minute a day has a thousand countdowns that do.
  const COUNTS_A_FRAME = 60;
  const ROWS_A_FRAME = 6;
  const frame = () => new Promise((done) => (document.hidden ? setTimeout(done) : requestAnimationFrame(done)));

  let counted = [];
  let counting = false;

  async function count() {
    if (counting) return;
    counting = true;
    const all = counted;
    const at = now();
    let changed = 0;
    for (const each of all) {
      const ms = each.at - at;
      const text = each.due && ms <= 0 ? "now" : ms >= 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
      if (text === each.text) continue;
      each.text = text;
      each.element.textContent = text;
      if (++changed % COUNTS_A_FRAME === 0) await frame();
      if (all !== counted) break;
    }
    counting = false;
  }

  function tick() {
    count();
    const at = now();
    const clock = document.getElementById("clock");
    if (clock) set(clock, zone.format(new Date(at)));
  }

  function select() {
    for (const button of document.querySelectorAll("[data-pick]")) {
      button.setAttribute("aria-pressed", String(picked.has(button.dataset.pick)));
    }
    for (const element of document.querySelectorAll("[data-line]")) {
      element.classList.toggle("picked", picked.has(element.dataset.line));
    }
    const here = document.querySelector("[data-line].picked") !== null;
    document.body.classList.toggle("some-picked", here);
    Charts.pick(picked);
  }

  let filtered = false;

  function filter() {
    const field = document.querySelector("[data-filter]");
    if (!field) return;
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length && !filtered) return;
    filtered = words.length > 0;
    for (const row of document.querySelectorAll("[data-words]")) {
      row.hidden = !words.every((word) => row.dataset.words.includes(word));
    }
  }

  function settle() {
    Charts.draw();
    counted = [...document.querySelectorAll("[data-at]")].map((element) => {
      return { element, at: Number(element.dataset.at), due: "due" in element.dataset, text: element.textContent };
    });
    tick();
    select();
    filter();
    Grid.watch(reveal);
    Grid.cut();
  }

  const CALLBACKS = {
    // A row whose version is the same differs in its countdowns only, which this page keeps by itself.
    // A drawn chart belongs to its script.
    beforeNodeMorphed: (old, fresh) =>
      !("keep" in (old.dataset || {})) && !(old.dataset?.version && old.dataset.version === fresh.dataset?.version),
    beforeAttributeUpdated: (name, node) =>
      !(name === "open" && node.tagName === "DETAILS") && !(name === "value" && node.tagName === "INPUT"),
  };

  function into(old, fresh, style) {
    Idiomorph.morph(old, fresh, { morphStyle: style, ignoreActiveValue: true, callbacks: CALLBACKS });
  }

  // A day has hundreds of rows: those that changed are morphed, those that moved are moved, and no other is touched.
  async function rows(table, fresh) {
    const known = new Map([...table.querySelectorAll("tr[data-version]")].map((row) => [row.id, row]));
    const groups = [...fresh.tBodies].map((group) => {
      const old = document.getElementById(group.id);
      if (old) {
        into(old.querySelector(".group"), group.querySelector(".group"), "outerHTML");
        return [old, [...group.querySelectorAll("tr[data-version]")]];
      }
      const made = document.importNode(group, false);
      made.append(document.importNode(group.querySelector(".group"), true));
      return [made, [...group.querySelectorAll("tr[data-version]")]];
    });
    for (const group of [...table.tBodies]) if (!groups.some(([kept]) => kept === group)) group.remove();
    groups.forEach(([group], i) => {
      if (table.tBodies[i] !== group) table.insertBefore(group, table.tBodies[i] || null);
    });
    const ids = new Set(groups.flatMap(([, wanted]) => wanted.map((row) => row.id)));
    for (const [id, row] of known) if (!ids.has(id)) row.remove();
    let touched = 0;
    for (const [group, wanted] of groups) {
      const own = new Set(wanted.map((row) => row.id));
      let next = group.querySelector(".group").nextElementSibling;
      for (const row of wanted) {
        const old = known.get(row.id);
        const here = old || document.importNode(row, true);
        // A row on its way elsewhere is passed over: it is moved when its turn comes, and not all others past it.
        while (next && next !== here && (!own.has(next.id) || next.nextElementSibling === here)) next = next.nextElementSibling;
        const other = old && row.children.length && old.dataset.version !== row.dataset.version;
        if (here === next) next = next.nextElementSibling;
        else group.insertBefore(here, next);
        if (other) into(old, row, "outerHTML");
        if ((other || !old) && ++touched % ROWS_A_FRAME === 0) await frame();
      }
    }
  }

  // The parts of a race's page whose text is the same are left alone, the others come one a frame.
  let former = new Map();

  function keeping(work) {
    const places = [...document.querySelectorAll(".scroll")].map((e) => [e, e.scrollLeft, e.scrollTop]);
    work();
    for (const [element, left, top] of places) {
      if (element.scrollLeft !== left) element.scrollLeft = left;
      if (element.scrollTop !== top) element.scrollTop = top;
    }
  }

  async function parts(main, fresh) {
    const name = (part) => part.id || part.className;
    const names = (element) => [...element.children].map(name).join(" ");
    if (names(main) !== names(fresh)) {
      keeping(() => into(main, fresh, "outerHTML"));
      former = new Map([...fresh.children].map((part) => [name(part), part.outerHTML]));
      return;
    }
    for (const [i, part] of [...fresh.children].entries()) {
      const text = part.outerHTML;
      if (former.get(name(part)) === text) continue;
      keeping(() => into(main.children[i], part, "outerHTML"));
      former.set(name(part), text);
      await frame();
    }
  }

  async function morph(html) {
    const page = document.getElementById("page");
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const [table, changed] = [page, fresh].map((each) => each.querySelector("table.races"));
    if (table && changed) {
      for (const id of ["strip", "top"]) into(document.getElementById(id), fresh.getElementById(id), "outerHTML");
      await rows(table, changed);
    } else {
      into(document.getElementById("strip"), fresh.getElementById("strip"), "outerHTML");
      await parts(document.getElementById("main"), fresh.getElementById("main"));
      reveal();
    }
    settle();
  }

  function tell(text, bad) {
    const live = document.getElementById("live");
    if (!live) return;
    set(live, text);
    live.classList.toggle("bad", bad);
  }

  let morphing = Promise.resolve();

  async function refresh() {
    const headers = { "X-Fragment": "1" };
    if (tag) headers["If-None-Match"] = tag;
    const asked = location.href;
    const answer = await fetch(asked, { headers, cache: "no-store" });
    const server = Number(answer.headers.get("x-now"));
    if (server) anchor = { server, local: performance.now() };
    if (answer.status === 304) return;
    const html = await answer.text();
    // The page may show another moment or view by now.
    if (location.href !== asked) return;
    if (answer.status === 503) throw new Error("the store cannot be read");
    if (answer.status >= 500) throw new Error(`the console answered ${answer.status}`);
    // One page after another: a part that is under way is not torn by the next.
    const turn = (morphing = morphing.catch(() => {}).then(() => (location.href === asked ? morph(html) : undefined)));
    await turn;
    if (location.href !== asked) return;
    // A page that was not shown whole keeps its former tag, and is sent again.
    tag = answer.headers.get("etag") || "";
    document.body.dataset.updates = String(Number(document.body.dataset.updates || 0) + 1);
  }

  async function loop() {
    if (!document.hidden) {
      try {
        await refresh();
        tell("live", false);
      } catch (error) {
        tell(error instanceof TypeError ? "no answer, trying again" : error.message, true);
      }
    }
    setTimeout(loop, EVERY_MS);
  }

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row]")].filter((row) => !row.hidden);
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
    const target = row && row.querySelector("a, button");
    if (target) target.focus();
  }

  // The arrows walk the figures of the grid, from its present column on.
  function walk(key) {
    const grid = document.getElementById("grid-scroll");
    if (!grid?.contains(document.activeElement)) return false;
    const rows = [...grid.querySelectorAll("tbody tr")].filter((row) => row.querySelector(".fig"));
    const here = document.activeElement.closest("td");
    if (!here) {
      const last = [...(rows[0]?.querySelectorAll(".fig") || [])].pop();
      last?.focus();
      return Boolean(last);
    }
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    let row = rows.indexOf(here.parentElement);
    let column = [...here.parentElement.children].indexOf(here);
    for (;;) {
      row += step[0];
      column += step[1];
      const cell = rows[row]?.children[column];
      if (!cell) return true;
      const figure = cell.querySelector(".fig");
      if (figure) {
        figure.focus();
        return true;
      }
    }
  }

  // What a slider says becomes the page's address and its content.
  function show(form) {
    history.replaceState(null, "", `?${new URLSearchParams(new FormData(form))}`);
    tag = "";
    return refresh();
  }

  const shownTime = (form, ms) => set(form.querySelector("[data-asof-text]"), zone.format(new Date(ms)));

  // The slider shows the race as it stood, a moment after it was last moved.
  let moved = 0;
  function stand(slider) {
    shownTime(slider.form, Number(slider.value));
    clearTimeout(moved);
    moved = setTimeout(() => show(slider.form).catch(() => location.reload()), 200);
  }

  const KEYS = {
    t: () => location.assign("/"),
    s: () => location.assign("/suite"),
    j: () => move(1),
    k: () => move(-1),
    w: () => view("win"),
    p: () => view("place"),
    o: () => view("odds"),
    "/": () => document.querySelector("[data-filter]")?.focus(),
  };

  async function view(name) {
    const link = document.querySelector(`[data-view="${name}"]`);
    if (!link) return;
    history.replaceState(null, "", link.href);
    tag = "";
    await refresh().catch(() => location.reload());
  }

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "Escape" && typing) event.target.blur();
    if (event.key.startsWith("Arrow") && !typing && walk(event.key)) return event.preventDefault();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pick]");
    const tab = event.target.closest("[data-view]");
    if (button) {
      const id = button.dataset.pick;
      if (!picked.delete(id)) picked.add(id);
      sessionStorage.setItem("picked", JSON.stringify([...picked]));
      select();
    } else if (event.target.closest("[data-play]")) {
      Playback.turn(show, shownTime);
    } else if (tab && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      view(tab.dataset.view);
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-filter]")) filter();
    if (event.target.matches("[data-asof] [name=at]") && !Playback.moved(event.target)) stand(event.target);
  });

  // Where the grid is wider than its place, it opens at the column of the present, and stays there until it is scrolled.
  let revealed = 0;
  function reveal() {
    const grid = document.getElementById("grid-scroll");
    if (!grid || grid.scrollLeft !== Math.min(revealed, grid.scrollWidth - grid.clientWidth)) return;
    const column = grid.querySelector(".current") || [...grid.querySelectorAll("thead .num:not(.k-ahead)")].pop();
    if (!column) return;
    grid.scrollLeft = Math.max(0, column.offsetLeft + column.offsetWidth + 8 - grid.clientWidth);
    revealed = grid.scrollLeft;
    Grid.cut();
  }

  settle();
  reveal();
  setInterval(tick, 1000 / Math.min(10, Math.max(1, speed)));
  setTimeout(loop, EVERY_MS);
})();
