// Refreshes the page in place: asks every 2 seconds, and swaps <main> only when the server says it has changed.
"use strict";

(() => {
  const EVERY_MS = 2000;
  const GIVE_UP_MS = 10000;
  const offline = document.getElementById("offline");
  let etag = null;

  // Somebody who types or marks text is not interrupted.
  const isBusy = () => {
    const active = document.activeElement;
    const selected = document.getSelection();
    return (active && active.matches("input, button, select")) || (selected && !selected.isCollapsed);
  };

  const scrolls = (main) => Array.from(main.querySelectorAll(".scroll"), (box) => box.scrollLeft);

  const swap = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("main");
    const main = document.querySelector("main");
    if (!fresh || !main) return;
    const places = scrolls(main);
    const focused = document.activeElement && document.activeElement.getAttribute("href");
    main.replaceWith(fresh);
    fresh.querySelectorAll(".scroll").forEach((box, number) => { box.scrollLeft = places[number] || 0; });
    if (focused) {
      const again = Array.from(fresh.querySelectorAll("a")).find((link) => link.getAttribute("href") === focused);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    const headers = etag ? { "If-None-Match": etag } : {};
    const options = { headers, cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) };
    const answer = await fetch(location.pathname, options);
    if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
    if (answer.ok) {
      const html = await answer.text();
      if (isBusy()) return;
      swap(html);
      etag = answer.headers.get("ETag");
    }
    const asOf = answer.headers.get("X-As-Of");
    if (asOf) document.getElementById("as-of").textContent = asOf;
  };

  const loop = async () => {
    if (!document.hidden) {
      try {
        await refresh();
        offline.hidden = true;
      } catch {
        offline.hidden = false;
      }
    }
    setTimeout(loop, EVERY_MS);
  };

  // The page of search results answers a form; it has nothing to refresh.
  if (location.pathname !== "/people") setTimeout(loop, EVERY_MS);
})();
