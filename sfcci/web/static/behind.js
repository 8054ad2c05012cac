// The way from a point of a graph to the runs behind it: a click on a point (or Enter) opens a list of links, one for each series there.

import { element } from './element.js';
import { timeText } from './times.js';

const MOST = 16;

// `rows`: [[series, values]...] as drawn; `context.runs(targets, at, step)` gives the address. Gives a plugin of uPlot, with `open`.
export function behind(rows, context) {
  let menu = null;
  const close = () => { const old = menu; menu = null; old?.remove(); }; // first forgotten: what is removed loses the focus, which closes it

  function open(u) {
    const { left, top, idx } = u.cursor;
    close();
    const there = idx === null || idx === undefined || left < 0 ? [] : rows.filter(([, values]) => values[idx] !== null && values[idx] !== undefined);
    if (!context.runs || !there.length || u.select.width > 8) return;
    const at = u.data[0][idx];
    const links = there.slice(0, MOST).map(([one]) => element('li', {}, element('a', { href: context.runs([one.target], at, step(one)) }, `Runs behind ${one.name}`)));
    const text = timeText(at, context);
    menu = element('div', { class: 'menu', role: 'dialog', 'aria-label': `Runs at ${text}`, tabindex: '-1' }, element('strong', {}, text), element('ul', {}, ...links));
    u.root.append(menu);
    menu.style.left = `${Math.max(0, Math.min(left, u.root.clientWidth - menu.offsetWidth - 4))}px`;
    menu.style.top = `${Math.max(0, Math.min(top, u.root.clientHeight - menu.offsetHeight))}px`;
    menu.querySelector('a').focus();
    const plot = u.root.parentElement;
    menu.addEventListener('keydown', (event) => { event.stopPropagation(); if (event.key === 'Escape') { close(); plot?.focus(); } });
    menu.addEventListener('click', (event) => event.stopPropagation());
    menu.addEventListener('focusout', (event) => { if (!menu?.contains(event.relatedTarget)) close(); });
  }

  return { open, hooks: { init: (u) => u.over.addEventListener('click', () => open(u)), destroy: close } };
}

const step = (one) => (one.times.length > 1 ? one.times[1] - one.times[0] : 0);
