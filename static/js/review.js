/* Keys of the review table and the queue, the panel below a row, and the combobox.
   A row is <tr id="mapping-17" data-row data-undecided>; its panel <tr id="mapping-17-more"
   data-more="mapping-17" data-panel="compare">. Buttons say their key: data-key="a". */
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const on = (name, handler, options) => document.addEventListener(name, handler, options);
  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const off = () => document.documentElement.dataset.keys === "off";

  /* --- Rows --- */
  const panelOf = (row) => byId(row.id + "-more");
  const rowAt = (element) => {
    const panel = element.closest("[data-more]");
    return panel ? byId(panel.dataset.more) : element.closest("[data-row]");
  };
  const mainButton = (row) => row.querySelector("[data-main]") || row.querySelector('[data-key="a"], [data-key="u"]') || row.querySelector("button, a, input");
  function goTo(row) {
    const button = row && mainButton(row);
    if (!button) return false;
    button.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    return true;
  }
  function rowsFrom(row, step) {
    const rows = [...row.closest("table, [data-keys]").querySelectorAll("[data-row]")];
    const at = rows.indexOf(row);
    return step > 0 ? rows.slice(at + 1) : rows.slice(0, Math.max(at, 0)).reverse();
  }
  const nextUndecided = (row) =>
    rowsFrom(row, 1).find((one) => one.matches("[data-undecided]:not([aria-busy])")) ||
    rowsFrom(row, -1).reverse().find((one) => one.matches("[data-undecided]:not([aria-busy])"));

  /* --- Keys --- */
  const GO = { j: 1, arrowdown: 1, k: -1, arrowup: -1 };
  const ALIAS = { arrowright: "e" };
  const decided = []; // ids of rows decided on this page, the last one last

  on("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const target = event.target;
    if (awaited && keepFor(awaited, event)) return;
    if (event.key === "Escape") return closePanelAt(target, event);
    if (off() || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey && !typing(target)) undoLast(event);
      return;
    }
    if (typing(target) || document.querySelector("dialog[open]")) return;
    if (key === "/" || key === "?") return pressAnywhere(key, event);
    const table = target.closest("[data-keys]");
    if (!table) return;
    const row = rowAt(target);
    if (key in GO) return row ? step(row, GO[key], event) : undefined;
    if (key === "x" && row) return selectRow(row, event);
    if (key === "arrowleft") return closePanelAt(target, event);
    if (key === "arrowright" && row && panelOf(row)) return;
    press(ALIAS[key] || key, row, table, event);
  });
  function press(key, row, table, event) {
    if (event.shiftKey) return pressForAll(key, event);
    if (!/^[a-z1-5]$/.test(key)) return;
    const find = (inside) => inside?.querySelector(`[data-key="${key}"]:not(:disabled)`);
    const outside = () => [...document.querySelectorAll(`[data-key="${key}"]:not(:disabled)`)].find((one) => !one.closest("[data-row], [data-more]"));
    const button = (row && (find(row) || find(panelOf(row)))) || (/[np]/.test(key) ? outside() : null);
    if (row?.matches("[aria-busy]") && !/[np]/.test(key)) {
      putOff(row, key);
      if (/[al]/.test(key)) goTo(nextUndecided(row)) || goTo(row); // as if it were saved
    }
    else if (button) button.click();
    else return;
    event.preventDefault();
  }
  function pressForAll(key, event) { // with Shift a letter is for the rows ticked
    const button = /^[al]$/.test(key) ? document.querySelector(`[data-key="shift+${key}"]`) : null;
    if (!button?.checkVisibility()) return;
    event.preventDefault();
    button.click();
  }
  function pressAnywhere(key, event) {
    const place = document.querySelector(key === "/" ? "main input[type=search]" : '[data-key="?"]');
    if (!place) return;
    event.preventDefault();
    if (key === "?") return place.click();
    place.focus();
    place.select();
  }
  function step(row, direction, event) {
    event.preventDefault();
    goTo(rowsFrom(row, direction)[0]);
  }
  function selectRow(row, event) {
    const box = row.querySelector("[data-select]:not(:disabled)");
    if (!box) return;
    event.preventDefault();
    window.tieout.tick(box, event.shiftKey || !box.checked, event.shiftKey);
  }
  function undoLast(event) {
    while (decided.length) {
      const last = [decided.pop()].flat().map(byId).filter((row) => row?.matches("[aria-busy]") || row?.querySelector('[data-key="u"]'));
      if (!last.length) continue;
      event.preventDefault();
      goTo(last[0]);
      for (const row of last)
        row.matches("[aria-busy]") ? putOff(row, "u") : row.querySelector('[data-key="u"]').click();
      return;
    }
    const all = document.querySelector("[data-undo-all]");
    if (all) { event.preventDefault(); all.click(); }
  }

  /* --- No key is lost while the server answers: what is pressed on a row that is being saved
         waits for it; what is pressed ahead of a panel, or of the next rows, is pressed again
         when they are there --- */
  const later = new Map(); // id of a row -> the keys pressed meanwhile
  const putOff = (row, key) => later.set(row.id, [...(later.get(row.id) || []), key]);
  const AHEAD = /^(.|Backspace|Enter|Escape|Arrow(Up|Down|Left|Right))$/u;
  let awaited = null; // {elt: what asked, keys}
  function keepFor(what, event) {
    if (event.repeat || event.altKey || event.ctrlKey || event.metaKey || !AHEAD.test(event.key)) return false;
    if (typing(event.target) || document.querySelector("dialog[open]")) return false;
    what.keys.push({ key: event.key, shiftKey: event.shiftKey });
    event.preventDefault();
    return true;
  }
  function pressAgain(keys) {
    for (const init of keys) {
      if (awaited) { awaited.keys.push(init); continue; }
      const place = document.activeElement;
      const free = place.dispatchEvent(new KeyboardEvent("keydown", { ...init, bubbles: true, cancelable: true }));
      if (!free) continue; // somebody here took it
      if (typing(place)) type(place, init.key);
      else if (init.key === "Enter") place.click();
    }
  }
  function type(box, key) {
    if (key === "Backspace") box.value = box.value.slice(0, -1);
    else if (key.length === 1) box.value += key;
    else return;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  on("tieout:sent", (event) => {
    const { elt } = event.detail;
    if (elt.matches("[data-opens], [data-appends]")) awaited = { elt, keys: [] };
  });
  on("tieout:answered", (event) => {
    const { requestConfig, successful, target } = event.detail, { elt } = requestConfig;
    if (target && !elt.dataset.opens) catchUp(target.id, successful);
    if (awaited?.elt !== elt) return;
    const { keys } = awaited;
    awaited = null;
    if (successful) pressAgain(keys); // otherwise nothing is there that they were meant for
  });
  function catchUp(id, successful) {
    const keys = later.get(id) || [];
    later.delete(id);
    while (successful && keys.length) {
      const row = byId(id), key = keys.shift();
      row?.querySelector(`[data-key="${key}"]:not(:disabled)`)?.click();
      if (awaited) return void awaited.keys.push(...keys.map((one) => ({ key: one })));
      if (row?.matches("[aria-busy]")) return void later.set(id, keys);
    }
  }

  /* --- Moving on at once after a decision, in the row, in its panel or on the rows ticked; the
         answer finds its row by itself --- */
  const decides = (form) => form.querySelector("[data-combobox-value]")?.value !== "";
  on("tieout:sent", (event) => {
    const form = event.detail.elt, row = rowAt(form);
    if (!row || !form.matches("[data-advance]")) return;
    const panel = form.closest("[data-more]");
    if (panel && !decides(form)) return; // nothing picked: the box comes back and says so
    decided.push(row.id);
    const at = document.activeElement;
    const here = at === document.body || row.contains(at) || panel?.contains(at);
    if (panel) panel.hidden = true;
    if (here) goTo(nextUndecided(row)) || goTo(row); // where a put-off key is sent, one went on long ago
  });
  on("tieout:answered", (event) => {
    const { requestConfig, successful, target, xhr } = event.detail, form = requestConfig.elt;
    const panel = target?.matches("[data-row]") && !form.dataset.opens && byId(target.id + "-more");
    if (!panel) return;
    const CONFLICT = 409;
    if (!(successful && xhr.status < 300) && xhr.status !== CONFLICT) return void (panel.hidden = false);
    const row = byId(target.id);
    const at = document.activeElement; // at main, where its button went with the swap
    const inside = [panel, row].some((place) => place?.contains(at)) || at === document.body || at.id === "main";
    panel.remove();
    if (inside) goTo((successful && form.matches("[data-advance]") && row && nextUndecided(row)) || row);
  });
  on("tieout:answered", (event) => { // the table is new: where one goes on is its first row
    const { requestConfig, successful, target } = event.detail;
    if (!successful || requestConfig.verb !== "post" || target?.id !== "results" || requestConfig.elt.matches("[data-ticked]")) return;
    goTo(document.querySelector("[data-undecided]") || document.querySelector("[data-row]")) || byId("selection-next")?.focus();
  });
  let together = []; // ids of the rows ticked that are being saved
  on("tieout:sent", (event) => {
    const form = event.detail.elt;
    if (!form.matches("[data-ticked]")) return;
    const rows = [...document.querySelectorAll("[data-row]:has([data-select]:checked)")];
    for (const row of rows) row.setAttribute("aria-busy", "true");
    together = rows.map((row) => row.id);
    decided.push(together);
    const last = rows.at(-1);
    if (last) goTo(nextUndecided(last)) || goTo(last);
  });
  on("tieout:answered", (event) => {
    if (!event.detail.requestConfig.elt.matches("[data-ticked]")) return;
    const { successful } = event.detail;
    for (const id of together) {
      byId(id)?.removeAttribute("aria-busy");
      catchUp(id, successful);
    }
    together = [];
    if (document.activeElement === document.body) goTo(document.querySelector("[data-undecided]") || document.querySelector("[data-row]"));
  });

  /* --- The panel below a row: compare or override. Its opener names it: data-opens, data-panel --- */
  const openers = (id) => document.querySelectorAll(`[data-opens="${id}"]`);
  function mark(id, panel) {
    for (const one of openers(id)) one.setAttribute("aria-expanded", String(one.dataset.panel === panel));
  }
  function close(panel, refocus = true) {
    const opener = [...openers(panel.id)].find((one) => one.dataset.panel === panel.dataset.panel);
    const inside = panel.contains(document.activeElement);
    panel.remove();
    mark(panel.id, "");
    if (refocus && inside) opener ? opener.focus() : goTo(byId(panel.dataset.more));
  }
  function closePanelAt(target, event) {
    const row = target.closest && rowAt(target), panel = row && panelOf(row);
    if (!panel || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    close(panel);
    if (document.activeElement === document.body) goTo(row);
  }
  on("click", (event) => {
    const button = event.target.closest("[data-close-panel]");
    if (button) { event.preventDefault(); close(button.closest("[data-more]")); }
  });
  on("tieout:asking", (event) => {
    const { opens, panel } = event.detail.elt.dataset, open = opens && byId(opens);
    if (!open) return;
    if (open.dataset.panel === panel) event.preventDefault();
    close(open, open.dataset.panel === panel);
  });
  on("tieout:answered", (event) => {
    const opener = event.detail.requestConfig.elt, panel = byId(opener.dataset.opens);
    if (!panel) return;
    mark(panel.id, opener.dataset.panel);
    panel.scrollIntoView({ block: "nearest" });
  });

  /* --- Combobox: editable, list with manual selection (ARIA practices). Options come from the
         server; focus stays in the box and aria-activedescendant moves. --- */
  const parts = (inside) => {
    const box = inside.closest("[data-combobox]"), input = box?.querySelector("[role=combobox]");
    return box && input && { box, input, list: byId(input.getAttribute("aria-controls")), value: box.querySelector("[data-combobox-value]"), said: box.querySelector("[data-combobox-count]") };
  };
  const options = (list) => [...list.querySelectorAll("[role=option]")];
  function show(combo, open) {
    combo.list.hidden = !open || !combo.list.firstElementChild;
    combo.input.setAttribute("aria-expanded", String(!combo.list.hidden));
    if (combo.list.hidden) activate(combo, null);
  }
  function activate(combo, option) {
    for (const one of options(combo.list)) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      combo.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else combo.input.removeAttribute("aria-activedescendant");
  }
  function take(combo, option, save) {
    if (!option || option.getAttribute("aria-disabled") === "true") {
      if (option) window.tieout.announce(option.textContent.trim());
      return;
    }
    combo.value.value = option.dataset.value;
    combo.input.value = option.dataset.label;
    combo.input.removeAttribute("aria-invalid");
    combo.said.textContent = "Taken: " + option.dataset.label;
    show(combo, false);
    const form = combo.input.form, button = form?.querySelector("[data-save]");
    if (save && button) form.requestSubmit(button);
  }
  on("tieout:asking", (event) => {
    const combo = event.detail.elt.matches("[role=combobox]") && parts(event.detail.elt);
    if (!combo) return;
    if (tooShort(combo)) { event.preventDefault(); show(combo, false); }
    else combo.box.dataset.asked = combo.input.value;
  });
  on("input", (event) => {
    const combo = event.target.matches("[role=combobox]") && parts(event.target);
    if (!combo) return;
    combo.value.value = ""; // what was taken no longer matches what is typed
    combo.box.dataset.typed = combo.input.value;
    delete combo.box.dataset.enter;
  });
  /* Enter faster than the options: it waits for them, and takes the one that is meant without a
     doubt. Where several are there it takes none: nobody has seen them yet. */
  const tooShort = (combo) => combo.input.value.trim().length < 2;
  const outstanding = ({ box, input }) => box.dataset.typed === input.value && box.dataset.shown !== input.value;
  function meant(combo) {
    const typed = combo.input.value.trim().toLowerCase();
    const all = options(combo.list).filter((one) => one.getAttribute("aria-disabled") !== "true" && one.dataset.value !== "none");
    const exact = all.filter((one) => one.dataset.label.toLowerCase() === typed);
    return all.length === 1 ? all[0] : exact.length === 1 ? exact[0] : null;
  }
  on("tieout:swapped", (event) => {
    const list = event.target.matches?.("[role=listbox]") && event.target, combo = list && parts(list);
    if (!combo) return;
    combo.said.textContent = list.dataset.announce || "";
    combo.box.dataset.shown = combo.box.dataset.asked;
    // An answer to fewer letters may come after Enter: then the next one is still to be waited for.
    const waited = "enter" in combo.box.dataset && combo.box.dataset.shown === combo.input.value;
    if (waited) delete combo.box.dataset.enter;
    if (waited && meant(combo)) return take(combo, meant(combo), true);
    if (document.activeElement !== combo.input) return show(combo, false);
    show(combo, true);
    activate(combo, options(list).find((one) => one.getAttribute("aria-disabled") !== "true" && one.dataset.value !== "none") || null);
  });
  on("keydown", (event) => {
    const combo = event.target.matches?.("[role=combobox]") && parts(event.target);
    if (!combo || event.isComposing) return;
    const open = !combo.list.hidden, all = options(combo.list);
    const at = all.findIndex((one) => one.id === combo.input.getAttribute("aria-activedescendant"));
    const key = event.key;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (!open) show(combo, true);
      if (combo.list.hidden || event.altKey) return;
      const down = key === "ArrowDown";
      activate(combo, all[at < 0 ? (down ? 0 : all.length - 1) : (at + (down ? 1 : -1) + all.length) % all.length]);
    } else if (key === "Enter" && !tooShort(combo) && outstanding(combo)) {
      event.preventDefault();
      combo.box.dataset.enter = "";
    } else if (key === "Enter" && open && at >= 0) {
      event.preventDefault();
      take(combo, all[at], true);
    } else if (key === "Tab" && open) show(combo, false);
    else if (key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      show(combo, false);
    }
  }, true);
  on("mousedown", (event) => { if (event.target.closest("[role=option]")) event.preventDefault(); });
  on("click", (event) => {
    const option = event.target.closest("[role=option]"), combo = option && parts(option);
    if (combo) { take(combo, option, false); combo.input.focus(); }
  });
  on("focusout", (event) => {
    const combo = event.target.matches?.("[role=combobox]") && parts(event.target);
    if (combo && !combo.box.contains(event.relatedTarget)) show(combo, false);
  });
})();
