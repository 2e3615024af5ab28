(() => {
  "use strict";
  // The page is complete without this: it adds sorting, a filter and buttons that copy.
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  const copy = async (text, button) => {
    const label = button.textContent;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      const area = make("textarea", { value: text });
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = done ? "Copied" : "Could not copy";
    setTimeout(() => { button.textContent = label; }, 1600);
  };

  for (const pre of document.querySelectorAll("[data-copy]")) {
    const row = make("div", { className: "copied" });
    const button = make("button", { type: "button", className: "copy", textContent: "Copy command" });
    button.addEventListener("click", () => copy(pre.textContent, button));
    row.append(button);
    pre.after(row);
  }

  const table = document.querySelector("[data-sortable]");
  const tools = document.querySelector("[data-tools]");
  if (!table || !tools) return;
  const STEP = 250;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const names = heads.map((head) => head.textContent);
  const isNumber = heads.map((head) => head.classList.contains("n"));
  const rest = document.querySelector("[data-rest]");
  const format = (n) => n.toLocaleString("en");

  // All rows are kept here; the table holds as many as were asked for.
  const rows = [...body.rows, ...(rest ? rest.querySelector("tbody").rows : [])];
  if (rest) rest.remove();
  let texts = null;
  const read = () => {
    texts ??= new Map(rows.map((row) => [row, [...row.cells].map((c) => c.textContent)]));
    return texts;
  };
  let order = rows;
  let found = rows;
  let shown = STEP;

  const more = make("button", { type: "button", className: "copy more" });
  const status = make("span", {});
  status.setAttribute("role", "status");
  const show = () => {
    body.replaceChildren(...found.slice(0, shown));
    const left = found.length - shown;
    more.hidden = left <= 0;
    more.textContent = `Show ${format(Math.min(STEP, left))} more of ${format(left)}`;
  };
  more.addEventListener("click", () => { shown += STEP; show(); });
  table.parentElement.after(more);

  const filter = make("input", { type: "search", placeholder: "Filter groups" });
  filter.setAttribute("aria-label", "Filter groups");
  const select = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => {
      const text = read().get(row).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    found = words.length ? order.filter(fits) : order;
    shown = STEP;
    status.textContent = words.length ? `${format(found.length)} of ${format(rows.length)}` : "";
    show();
  };
  filter.addEventListener("input", select);

  const number = (text) => {
    const value = parseFloat(text.replace(/[,<>]/g, ""));
    return Number.isNaN(value) ? -Infinity : value;
  };
  const collate = new Intl.Collator("en", { numeric: true }).compare;
  const sort = (at, down) => {
    const keys = new Map(rows.map((row) => {
      const text = read().get(row)[at];
      return [row, isNumber[at] ? number(text) : text];
    }));
    const compare = isNumber[at]
      ? (a, b) => (keys.get(a) === keys.get(b) ? 0 : keys.get(a) < keys.get(b) ? -1 : 1)
      : (a, b) => collate(keys.get(a), keys.get(b));
    order = [...rows].sort((a, b) => (down ? compare(b, a) : compare(a, b)));
    select();
  };
  heads.forEach((head, at) => {
    const button = make("button", { type: "button", textContent: names[at] });
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      const down = was ? was === "ascending" : isNumber[at] && at > 0;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(at, down);
    });
    head.replaceChildren(button);
  });

  // A cell that a spreadsheet would run as a formula is marked as text.
  const cell = (text, at) => {
    if (isNumber[at]) return text.replace(/,/g, "");
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const button = make("button", { type: "button", className: "copy", textContent: "Copy as CSV" });
  button.addEventListener("click", () => {
    const lines = found.map((row) => read().get(row).map(cell).join(","));
    copy([names.join(","), ...lines].join("\n") + "\n", button);
  });
  tools.append(filter, button, status);
  show();
})();
