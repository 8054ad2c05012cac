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

// Arrow keys walk from value to value (with shift ten of them), Home and End to the ends; Enter opens what is behind the point.
// `now()` gives {u, rows, open}.
export function keys(plot, now, context) {
  let time = null;
  const away = (u) => { time = null; u?.setCursor({ left: -10, top: -10 }); };

  plot.addEventListener('keydown', (event) => {
    const { u, rows, open } = now();
    if (event.target !== plot || event.ctrlKey || event.metaKey || event.altKey || !u) return;
    if (event.key === 'Escape') away(u);
    if (event.key === 'Enter' && time !== null) { event.preventDefault(); open(u); }
    const index = next(u, rows, time, event);
    if (index === undefined) return;
    event.preventDefault();
    time = u.data[0][index];
    u.setCursor({ left: u.valToPos(time, 'x'), top: u.over.clientHeight / 3 });
    const values = rows.filter(([, each]) => isValue(each[index])).map(([one, each]) => `${one.label} ${told(each[index], one.field).text}`);
    plot.setAttribute('aria-valuenow', time);
    plot.setAttribute('aria-valuetext', `${timeText(time, context)}: ${values.join(', ')}`);
  });
  plot.addEventListener('blur', (event) => { if (!plot.contains(event.relatedTarget)) away(now().u); });
}

const isValue = (value) => value !== null && value !== undefined;

// The place of the next moment that has a value; undefined for other keys.
function next(u, rows, time, { key, shiftKey }) {
  if (!['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(key)) return undefined;
  const times = u.data[0];
  const valued = times.map((_one, at) => at).filter((at) => rows.some(([, values]) => isValue(values[at])));
  const before = valued.filter((at) => time !== null && times[at] < time).length;
  const step = shiftKey ? 10 : 1;
  const there = { Home: 0, End: valued.length - 1, ArrowLeft: time === null ? valued.length - 1 : before - step, ArrowRight: time === null ? 0 : before + step }[key];
  return valued[Math.max(0, Math.min(valued.length - 1, there))];
}
