// A field with suggestions (the ARIA pattern of an editable combobox with a listbox): arrows, Enter, Tab, Escape.

import { element } from './element.js';

const WAIT_MS = 120;

// `suggest(text)` gives {items: [{name, series}], more, near, why}; `choose(name)` is told the name of a series that was chosen.
export function combobox(input, list, { suggest, choose, say }) {
  let items = []; let active = -1; let turn = 0; let timer = 0; let asked = null;

  const options = () => [...list.querySelectorAll('[role="option"]')];
  const open = () => !list.hidden;

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function mark(index) {
    active = index;
    options().forEach((option, number) => option.setAttribute('aria-selected', number === index));
    const option = options()[index];
    if (option) { input.setAttribute('aria-activedescendant', option.id); option.scrollIntoView({ block: 'nearest' }); } else input.removeAttribute('aria-activedescendant');
  }

  async function refresh() {
    const mine = ++turn;
    const text = input.value;
    try {
      const found = await suggest(text);
      if (mine !== turn || document.activeElement !== input) return;
      asked = text;
      show(found, text);
    } catch (error) {
      if (mine === turn) { close(); say(error.message); }
    }
  }

  function show(found, text) {
    const marked = items[active]?.name; // answers may come while the arrows are used
    ({ items } = found);
    const lines = items.map((item, number) => element('li', { role: 'option', id: `option-${number}`, 'aria-selected': 'false' }, ...bold(item.name, text)));
    lines.forEach((line, number) => line.addEventListener('click', () => take(items[number])));
    if (found.why) lines.unshift(element('li', { class: 'why', role: 'presentation' }, items.length ? `${found.why}. Perhaps:` : found.why));
    if (found.more) lines.push(element('li', { class: 'why', role: 'presentation' }, `… and ${found.more} more: type on`));
    list.replaceChildren(...lines);
    list.hidden = !lines.length;
    input.setAttribute('aria-expanded', String(!list.hidden));
    mark(items.findIndex((item) => item.name === marked));
    say(found.why ? `${found.why}${items.length ? `; ${items.length} near` : ''}` : `${items.length + found.more} suggestion${items.length + found.more === 1 ? '' : 's'}`);
  }

  // A branch goes on; a series is drawn.
  function take(item) {
    input.value = item.name;
    if (item.series) { close(); choose(item.name); } else refresh();
  }

  function complete() {
    if (active >= 0) { take(items[active]); return true; }
    const begins = items.filter((item) => item.name.startsWith(input.value)).map((item) => item.name);
    const common = begins.reduce((one, other) => { let n = 0; while (n < one.length && one[n] === other[n]) n += 1; return one.slice(0, n); }, begins[0] ?? '');
    if (common.length <= input.value.length) return false;
    input.value = common;
    refresh();
    return true;
  }

  list.addEventListener('mousedown', (event) => event.preventDefault()); // the field keeps the focus
  input.addEventListener('input', () => { mark(-1); clearTimeout(timer); timer = setTimeout(refresh, WAIT_MS); });
  input.addEventListener('focus', () => { if (asked !== input.value || !input.value) refresh(); });
  input.addEventListener('blur', () => { turn += 1; close(); });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const count = items.length;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open()) { refresh(); return; }
      if (count) mark(event.key === 'ArrowDown' ? (active + 1) % count : (active <= 0 ? count : active) - 1);
    } else if (event.key === 'Enter' && open() && active >= 0) {
      event.preventDefault();
      take(items[active]);
    } else if (event.key === 'Tab' && !event.shiftKey && open() && complete()) {
      event.preventDefault();
    } else if (event.key === 'Escape') {
      if (open()) { event.preventDefault(); turn += 1; close(); } else if (input.value) { event.preventDefault(); input.value = ''; refresh(); }
    }
  });
  return { close: () => { turn += 1; clearTimeout(timer); close(); } };
}

// The typed words in bold, so that one sees why a name is there.
function bold(name, text) {
  const words = text.trim().split(/\s+/).filter((word) => word && !/[*?{[]/.test(word)).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (!words.length) return [name];
  return name.split(new RegExp(`(${words.join('|')})`, 'i')).map((piece, number) => (number % 2 ? element('b', {}, piece) : piece));
}
