// The tree of names (the ARIA pattern of a tree view): it opens branch by branch; arrows, Home, End, Enter.

import { element } from './element.js';

// `below(name)` gives {items: [{name, text, series, leaves}], more}; `choose(name)` is told the name of a series.
export function tree(root, { below, choose, say }) {
  const visible = () => [...root.querySelectorAll('[role="treeitem"]')].filter((item) => item.offsetParent);
  const name = (item) => item.dataset.name;

  function node(item) {
    const row = element('div', { class: 'row' }, element('span', {}, item.text));
    if (item.leaves) row.append(element('span', { class: 'count', title: `${item.leaves} series` }, String(item.leaves)));
    const made = element('li', { role: 'treeitem', tabindex: '-1', 'data-name': item.name, 'aria-label': item.leaves ? `${item.text}, ${item.leaves} series` : item.text }, row);
    if (item.series) made.setAttribute('aria-selected', 'false'); else made.setAttribute('aria-expanded', 'false');
    row.addEventListener('click', () => { focus(made); act(made); });
    return made;
  }

  function filled(found) {
    const lines = found.items.map(node);
    if (found.more) lines.push(element('li', { class: 'quiet', role: 'none' }, `… and ${found.more} more: search for them above`));
    return lines;
  }

  async function expand(item) {
    if (item.getAttribute('aria-expanded') !== 'false') return;
    item.setAttribute('aria-expanded', 'true');
    if (item.querySelector(':scope > [role="group"]')) { item.querySelector(':scope > [role="group"]').hidden = false; return; }
    const group = element('ul', { role: 'group' }, element('li', { class: 'quiet', role: 'none' }, 'Loading…'));
    item.append(group);
    try {
      const found = await below(name(item));
      group.replaceChildren(...filled(found));
      if (found.items.length === 1 && !found.items[0].series) await expand(group.firstChild); // a way without a fork opens at once
    } catch (error) {
      group.remove();
      item.setAttribute('aria-expanded', 'false');
      say(error.message);
    }
  }

  function fold(item) {
    item.setAttribute('aria-expanded', 'false');
    item.querySelector(':scope > [role="group"]').hidden = true;
  }

  function act(item) {
    const expanded = item.getAttribute('aria-expanded');
    if (expanded === null) choose(name(item));
    else if (expanded === 'true') fold(item);
    else expand(item);
  }

  function focus(item) {
    root.querySelectorAll('[tabindex="0"]').forEach((other) => other.setAttribute('tabindex', '-1'));
    item.setAttribute('tabindex', '0');
    item.focus();
  }

  function step(item, key) {
    const items = visible();
    const at = items.indexOf(item);
    const expanded = item.getAttribute('aria-expanded');
    if (key === 'ArrowDown') return items[at + 1];
    if (key === 'ArrowUp') return items[at - 1];
    if (key === 'Home') return items[0];
    if (key === 'End') return items.at(-1);
    if (key === 'ArrowRight') { if (expanded === 'true') return items[at + 1]; expand(item); return item; }
    if (expanded === 'true') { fold(item); return item; }
    return item.parentElement.closest('[role="treeitem"]');
  }

  root.addEventListener('keydown', (event) => {
    const item = event.target.closest('[role="treeitem"]');
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); act(item); } else if (/^(Arrow(Up|Down|Left|Right)|Home|End)$/.test(event.key)) {
      event.preventDefault();
      const next = step(item, event.key);
      if (next) focus(next);
    }
  });

  return {
    async start() {
      const found = await below('');
      root.replaceChildren(...(found.items.length ? filled(found) : [element('li', { class: 'quiet', role: 'none' }, 'This Graphite is empty; fill it with: sfcci metrics push')]));
      root.querySelector('[role="treeitem"]')?.setAttribute('tabindex', '0');
    },
    mark(chosen) {
      root.querySelectorAll('[aria-selected]').forEach((item) => item.setAttribute('aria-selected', item.dataset.name === chosen));
    },
  };
}
