// Plays a race back on its page: each poll as it stood, at the speed that was chosen, from where the slider stands.
"use strict";
const Playback = (() => {
  const FRAME_MS = 100;
  // Before this a race is polled each half hour or less, and little happens.
  const BEFORE_MS = 65 * 60000;
  let played = null;

  const form = () => document.querySelector("[data-asof]");
  const button = () => document.querySelector("[data-play]");
  const speed = () => Number(document.querySelector("[data-play-speed]").value);

  function stop() {
    if (!played) return;
    clearInterval(played.timer);
    played = null;
    if (button()) button().textContent = "▶ Play";
  }

  // Between two polls nothing changes but the time: the page is asked for again where a poll has come since.
  function frame(show, tell) {
    const here = form();
    if (!here) return stop();
    const slider = here.elements.at;
    const steps = JSON.parse(here.dataset.steps);
    const now = performance.now();
    played.at = Math.min(Number(slider.max), played.at + (now - played.since) * speed());
    played.since = now;
    slider.value = String(played.at);
    tell(here, Number(slider.value));
    const step = steps.findLastIndex((each) => each <= Number(slider.value));
    if (played.busy || step === played.step) return;
    const mine = played;
    const last = played.at >= Number(slider.max);
    mine.busy = true;
    mine.step = step;
    show(here)
      .catch(() => stop())
      .finally(() => {
        mine.busy = false;
        if (last && played === mine) stop();
      });
  }

  // Begins where the slider stands, or an hour before the start where it stands at the end.
  function turn(show, tell) {
    if (played) return stop();
    const slider = form().elements.at;
    const early = Math.max(Number(slider.min), Number(form().dataset.start) - BEFORE_MS);
    const from = Number(slider.value) >= Number(slider.max) ? early : Number(slider.value);
    played = { at: from, since: performance.now(), step: -1, busy: false };
    played.timer = setInterval(() => frame(show, tell), FRAME_MS);
    button().textContent = "Pause";
  }

  // A slider that is moved while the race is played goes on from there; tells whether it is.
  function moved(slider) {
    if (!played) return false;
    played.at = Number(slider.value);
    return true;
  }

  document.documentElement.classList.add("scripted");
  return { turn, moved };
})();
