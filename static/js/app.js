/* Messages, dialogs, menus, busy states and focus. Listeners sit on document and look up with
   closest(), so nothing is initialised per element and a swap needs no care.
   Names of htmx events appear in this file only; review.js hears of them as tieout:*. */
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const on = (name, handler, options) => document.addEventListener(name, handler, options);
  const tell = (element, name, detail) =>
    (element && element.isConnected ? element : document).dispatchEvent(
      new CustomEvent(name, { bubbles: true, cancelable: true, detail }));

  /* --- What is said aloud: one sentence at a time, the newest wins while keys fall fast --- */
  let speaking, spoken = "";
  function announce(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      const region = byId("announce");
      region.textContent = text === spoken && text === region.textContent ? text + "\u00a0" : text;
      spoken = text;
    }, 250);
  }

  /* --- Toasts: text only, ten seconds, held while the pointer or focus is on them --- */
  const LEVELS = { debug: "info", info: "info", success: "success", warning: "warning", error: "error" };
  const timers = new WeakMap();
  function toast(text, level = "info") {
    level = LEVELS[level] || "info";
    const region = byId(level === "error" ? "alerts" : "messages");
    for (const old of region.children)
      if (old.querySelector("[data-toast-text]").textContent === text) old.remove();
    const box = byId("toast-" + level).content.firstElementChild.cloneNode(true);
    box.querySelector("[data-toast-text]").textContent = text;
    region.append(box);
    while (region.children.length > 4) region.firstElementChild.remove();
    settle(box);
  }
  function settle(box) {
    if (box.dataset.toast !== "error") timers.set(box, setTimeout(() => dismiss(box), 10000));
  }
  function dismiss(box) {
    if (box.contains(document.activeElement)) byId("main").focus({ preventScroll: true });
    box.remove();
  }
  const hold = (event) => {
    const box = event.target.closest?.("[data-toast]");
    if (box) clearTimeout(timers.get(box));
  };
  const release = (event) => {
    const box = event.target.closest?.("[data-toast]");
    if (box && !box.contains(event.relatedTarget) && !box.matches(":hover, :focus-within")) settle(box);
  };
  on("mouseover", hold); on("focusin", hold);
  on("mouseout", release); on("focusout", release);
  on("toast", (event) => {
    const { text, level, value } = event.detail || {};
    if (text || value) toast(String(text || value), level);
  });

  /* --- Dialogs: whatever lands in #dialog opens it; data-close closes; focus goes back --- */
  const isEmpty = (element) => !element.firstElementChild;
  let opener = "";
  function openDialog(dialog) {
    if (!dialog.open) {
      opener = document.activeElement?.id || "";
      dialog.showModal();
    }
    const first = dialog.querySelector("input:not([type=hidden]), .dialog-foot button, [data-close]");
    if (dialog.querySelector("[data-autofocus]")) return focusWanted();
    first?.focus();
  }
  on("close", (event) => {
    if (event.target.id === "dialog") event.target.replaceChildren();
    if (document.activeElement === document.body || !document.activeElement) (byId(opener) || byId("main")).focus();
  }, true);
  on("close-dialog", () => byId("dialog").close());

  on("click", (event) => {
    const at = event.target.closest.bind(event.target);
    const box = at("[data-close-toast]")?.closest("[data-toast]");
    if (box) return dismiss(box);
    if (at("[data-close]")) return at("dialog")?.close();
    if (event.target.matches("dialog")) { // the backdrop
      const edge = event.target.getBoundingClientRect();
      if (event.clientY < edge.top || event.clientY > edge.bottom || event.clientX < edge.left || event.clientX > edge.right)
        event.target.close();
    }
    const local = at("[data-opens-dialog]");
    if (local) { event.preventDefault(); openDialog(byId(local.dataset.opensDialog)); }
    for (const menu of document.querySelectorAll("details.menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
    const error = at(".form-errors a");
    const field = error && byId(error.hash.slice(1));
    if (field) { event.preventDefault(); field.focus(); }
  });
  on("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); event.stopPropagation(); }
  });

  /* --- Ticking rows: all, one, or from here to there with shift --- */
  let lastTicked = null;
  const ticks = (inside) => [...inside.querySelectorAll("[data-select]:not(:disabled)")];
  const scope = (element) => element.closest("table, [data-selection]") || document;
  function countTicks(inside) {
    const all = ticks(inside), ticked = all.filter((box) => box.checked).length;
    const head = inside.querySelector("[data-select-all]");
    if (head) { head.checked = ticked > 0 && ticked === all.length; head.indeterminate = ticked > 0 && ticked < all.length; }
    for (const place of document.querySelectorAll("[data-selected-count]")) place.textContent = ticked;
  }
  function tick(box, checked, range) {
    const inside = scope(box), all = ticks(inside);
    const from = range && lastTicked ? all.indexOf(lastTicked) : -1, to = all.indexOf(box);
    box.checked = checked;
    if (from >= 0 && to >= 0)
      for (const other of all.slice(Math.min(from, to), Math.max(from, to) + 1)) other.checked = checked;
    lastTicked = box;
    countTicks(inside);
    announce(ticks(inside).filter((one) => one.checked).length + " selected");
  }
  on("click", (event) => {
    const box = event.target.closest("[data-select], [data-select-all]");
    if (!box) return;
    if (box.matches("[data-select]")) return tick(box, box.checked, event.shiftKey);
    const inside = scope(box);
    for (const one of ticks(inside)) one.checked = box.checked;
    countTicks(inside);
    announce(ticks(inside).filter((one) => one.checked).length + " selected");
  });

  /* --- While a request runs --- */
  const bar = Object.assign(document.createElement("div"), { className: "bar", ariaHidden: "true" });
  document.body.append(bar);
  let running = 0;
  const quiet = (element) => element.closest("[data-quiet], [data-combobox], [data-opens]");
  const busyPlace = (detail) => {
    const row = detail.elt.closest("[data-row]");
    return row || (detail.target && !detail.target.matches("dialog, [role=listbox]") ? detail.target : null);
  };
  const free = (place) => place?.removeAttribute("aria-busy");

  // A search box asks while one types; that it was left is no news, and would be a second Back.
  on("htmx:confirm", (event) => {
    const cause = event.detail.triggeringEvent;
    if (cause?.type === "change" && cause.target.matches?.("[type=search]")) event.preventDefault();
  });
  on("htmx:configRequest", (event) => {
    if (!tell(event.detail.elt, "tieout:asking", event.detail)) event.preventDefault();
  });
  const inDialog = new WeakSet(); // requests of a dialog whose answer lands in it as well
  on("htmx:beforeSend", (event) => {
    const detail = event.detail;
    if (detail.target?.closest?.("dialog")) inDialog.add(detail.xhr);
    if (!quiet(detail.elt)) {
      busyPlace(detail)?.setAttribute("aria-busy", "true");
      running += 1;
      bar.classList.add("show");
    }
    tell(detail.elt, "tieout:sent", detail);
  });
  const finished = new WeakSet();
  on("htmx:afterRequest", (event) => {
    const detail = event.detail, xhr = detail.xhr;
    if (finished.has(xhr)) return; // htmx says it again further up when the element is gone
    finished.add(xhr);
    if (!quiet(detail.elt)) running = Math.max(0, running - 1);
    if (!running) bar.classList.remove("show");
    free(detail.elt.closest("[data-row]")); free(detail.target);
    if (detail.requestConfig.target) free(detail.requestConfig.target);
    const said = xhr.getResponseHeader("HX-Trigger") || "";
    if (detail.failed && !said.includes("toast") && xhr.status && !xhr.getResponseHeader("HX-Redirect"))
      toast(xhr.status === 403 ? "Not allowed. Nothing was saved." : "Not saved. Try again.", "error");
    const dialog = byId("dialog");
    if (detail.successful && xhr.status < 300 && dialog.open && dialog.contains(detail.requestConfig.elt) && !inDialog.has(xhr))
      dialog.close();
    tell(detail.elt, "tieout:answered", detail);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"])
    on(name, () => toast("No connection. Nothing was saved. Try again.", "error"));

  /* --- After a swap: open, announce, keep the focus somewhere sensible --- */
  function focusWanted() { // once; what lands beside its target has no event of its own
    const wanted = document.querySelector("[data-autofocus]");
    wanted?.removeAttribute("data-autofocus");
    wanted?.focus();
  }
  let before = null;
  on("htmx:beforeSwap", (event) => {
    before = document.activeElement;
    tell(event.detail.target, "tieout:swapping", event.detail);
  });
  on("htmx:afterSwap", (event) => {
    const detail = event.detail;
    if (!detail) return;
    const place = event.target, dialog = byId("dialog");
    if (detail.target === dialog && !isEmpty(dialog)) openDialog(dialog);
    const speaker = place.matches("[data-announce]") ? place : place.querySelector("[data-announce]");
    if (speaker && speaker.dataset.announce !== spoken) announce(speaker.dataset.announce);
    focusWanted();
    tell(place, "tieout:swapped", detail);
  });
  on("htmx:afterSettle", (event) => {
    const error = event.target.querySelector?.(".form-errors") ;
    if (error && event.detail?.xhr?.status === 422) error.focus();
    else if (before && !before.isConnected && document.activeElement === document.body)
      (byId(before.id) || byId("main")).focus({ preventScroll: true });
    countAll();
  });
  function countAll() {
    for (const head of document.querySelectorAll("[data-select-all]")) countTicks(scope(head));
  }

  /* --- Rows appended by "Next 50": focus goes to the first new one, whatever came in meanwhile --- */
  let grown = null; // {elt: what asked, there: ids of the rows before}
  const rowsIn = (place) => [...place.querySelectorAll("[data-row]")];
  on("tieout:sent", (event) => {
    const { elt, target } = event.detail;
    if (elt.matches("[data-appends]")) grown = { elt, there: new Set(rowsIn(target).map((row) => row.id)) };
  });
  on("tieout:answered", (event) => {
    if (grown?.elt !== event.detail.requestConfig.elt) return;
    const first = !event.detail.failed && rowsIn(event.detail.target).find((row) => !grown.there.has(row.id));
    grown = null;
    if (first) (first.querySelector("[data-main], [data-key]") || first.querySelector("a, button, input"))?.focus();
  });

  for (const box of document.querySelectorAll("[data-toast]")) if (!box.closest("template")) settle(box);
  countAll();
  document.querySelector(".form-errors")?.focus();
  focusWanted();
  window.tieout = { announce, toast, tick };
})();
