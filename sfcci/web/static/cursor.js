// Reading a graph: a box beside the pointer with the time and the values there, the same moment on the other graphs, and the arrow keys.

import { element } from './element.js';
import { told } from './field.js';
import { timeText } from './times.js';

const MOST = 16;

// `rows`: [[series, values]...]. The box follows the pointer or the focus; on the other graphs only with `context.hover === 'all'`.
export function tip(rows, context) {
  const box = element('div', { class: 'tip', hidden: '' });
  const here = (u) => context.hover === 'all' || u.over.matches(':hover') || u.root.parentElement === document.activeElement;
  const at = (u) => {
    const { left, top } = u.cursor;
    const lines = here(u) ? there(u, rows) : [];
    box.hidden = !lines.length;
    if (box.hidden) return;
    box.replaceChildren(element('strong', {}, timeText(u.data[0][u.cursor.idx], context)), ...lines.slice(0, MOST).map(([one, value]) => {
      const chip = element('span', { class: 'chip' });
      chip.style.background = one.colour;
      return element('div', {}, chip, `${one.label}: ${told(value, one.field).text}`);
    }));
    if (lines.length > MOST) box.append(element('div', {}, `… and ${lines.length - MOST} more`));
    const right = left > u.over.clientWidth / 2;
    box.style.left = right ? '' : `${left + 12}px`;
    box.style.right = right ? `${u.over.clientWidth - left + 12}px` : '';
    box.style.top = `${Math.max(0, Math.min(top, u.over.clientHeight - box.offsetHeight))}px`;
  };
  return { hooks: { init: (u) => u.over.append(box), setCursor: at } };
}

// The series that have a value where the cursor stands, with it.
function there(u, rows) {
  const { left, idx } = u.cursor;
  if (idx === null || idx === undefined || left < 0) return [];
  return rows.map(([one, values]) => [one, values[idx]]).filter(([one, value]) => value !== null && value !== undefined && !one.field.custom.hideFrom?.tooltip);
}

// Arrow keys walk from moment to moment, Home and End to the ends; Enter opens what is behind the point. `now()` gives plot, rows and open.
export function keys(plot, now, context) {
  let index = null;
  plot.addEventListener('keydown', (event) => {
    if (event.target !== plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const { u, rows, open } = now();
    if (!u) return;
    if (event.key === 'Enter' && index !== null) { event.preventDefault(); open(u); return; }
    if (event.key === 'Escape') { index = null; u.setCursor({ left: -10, top: -10 }); return; }
    const times = u.data[0];
    const next = { ArrowLeft: (index ?? times.length) - (event.shiftKey ? 10 : 1), ArrowRight: (index ?? -1) + (event.shiftKey ? 10 : 1), Home: 0, End: times.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    index = Math.max(0, Math.min(times.length - 1, next));
    u.setCursor({ left: u.valToPos(times[index], 'x'), top: u.over.clientHeight / 3 });
    const values = rows.filter(([, each]) => each[index] !== null && each[index] !== undefined).map(([one, each]) => `${one.label} ${told(each[index], one.field).text}`);
    plot.setAttribute('aria-valuenow', times[index]);
    plot.setAttribute('aria-valuetext', `${timeText(times[index], context)}: ${values.join(', ') || 'no value'}`);
  });
  plot.addEventListener('blur', (event) => { const { u } = now(); if (u && !plot.contains(event.relatedTarget)) u.setCursor({ left: -10, top: -10 }); });
}
