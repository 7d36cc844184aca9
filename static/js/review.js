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
    if (event.key === "Escape") return closePanelAt(target, event);
    if (off() || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey && !typing(target)) undoLast(event);
      return;
    }
    if (typing(target) || document.querySelector("dialog[open]")) return;
    if (awaited && keepFor(awaited, event)) return;
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
    if (event.shiftKey || !/^[a-z1-5]$/.test(key)) return;
    const find = (inside) => inside?.querySelector(`[data-key="${key}"]:not(:disabled)`);
    const outside = () => [...document.querySelectorAll(`[data-key="${key}"]:not(:disabled)`)].find((one) => !one.closest("[data-row], [data-more]"));
    const button = (row && (find(row) || find(panelOf(row)))) || (/[np]/.test(key) ? outside() : null);
    if (row?.matches("[aria-busy]") && !/[np]/.test(key)) later.set(row.id, key);
    else if (button) button.click();
    else return;
    event.preventDefault();
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
      const row = byId(decided.pop()), button = row?.querySelector('[data-key="u"]');
      if (!button && !row?.matches("[aria-busy]")) continue;
      event.preventDefault();
      goTo(row);
      button ? button.click() : later.set(row.id, "u");
      return;
    }
  }

  /* --- No key is lost while the server answers: what is pressed on a row that is being saved
         waits for it, what is typed ahead of a panel goes into the panel --- */
  const later = new Map(); // id of a row -> the key pressed last
  let awaited = null; // {opens: id of the panel, keys}
  function keepFor(panel, event) {
    if (event.key === "Backspace") panel.keys.pop();
    else if (event.key.length === 1) panel.keys.push(event.key);
    else return false;
    event.preventDefault();
    return true;
  }
  on("tieout:sent", (event) => {
    const { opens } = event.detail.elt.dataset;
    if (opens) awaited = { opens, keys: [] };
  });
  on("tieout:answered", (event) => {
    const { requestConfig, successful, target } = event.detail, { opens } = requestConfig.elt.dataset;
    if (awaited && opens === awaited.opens) {
      const { keys } = awaited;
      awaited = null;
      if (successful && keys.length) handOver(byId(opens), keys);
    }
    const key = target && later.get(target.id);
    if (!key || opens) return;
    later.delete(target.id);
    const row = byId(target.id);
    if (successful && row) row.querySelector(`[data-key="${key}"]:not(:disabled)`)?.click();
  });
  function handOver(panel, keys) {
    const box = panel?.querySelector("[role=combobox]");
    if (!box) return keys.forEach((key) => panel?.querySelector(`[data-key="${key.toLowerCase()}"]:not(:disabled)`)?.click());
    box.value += keys.join("");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* --- Moving on: at once after a decision in the row, after the answer from its panel --- */
  on("tieout:sent", (event) => {
    const form = event.detail.elt, row = rowAt(form);
    if (!row || !form.matches("[data-advance]") || form.closest("[data-more]")) return;
    decided.push(row.id);
    goTo(nextUndecided(row));
  });
  on("tieout:answered", (event) => {
    const { requestConfig, successful, target, xhr } = event.detail, form = requestConfig.elt;
    if (!successful || xhr.status >= 300 || form.dataset.opens || !target?.matches("[data-row]")) return;
    const row = byId(target.id);
    if (form.matches("[data-advance]") && form.closest("[data-more]")) decided.push(target.id);
    const panel = byId(target.id + "-more");
    if (!panel || xhr.status === 422) return;
    const inside = [panel, row].some((place) => place?.contains(document.activeElement)) || document.activeElement === document.body;
    panel.remove();
    if (inside) goTo((form.matches("[data-advance]") && row && nextUndecided(row)) || row);
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
    if (combo.input.value.trim().length < 2) { event.preventDefault(); show(combo, false); }
  });
  on("input", (event) => {
    const combo = event.target.matches("[role=combobox]") && parts(event.target);
    if (combo) combo.value.value = ""; // what was taken no longer matches what is typed
  });
  on("tieout:swapped", (event) => {
    const list = event.target.matches?.("[role=listbox]") && event.target, combo = list && parts(list);
    if (!combo) return;
    combo.said.textContent = list.dataset.announce || "";
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
