// Times as Grafana writes them (now-6h, now/d, 2026-11-20 14:00, milliseconds), and moments as people read them.

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, M: 2592000, Q: 7776000, y: 31536000 };
const UNITS = { s: 'Seconds', m: 'Minutes', h: 'Hours', d: 'Date', w: 'Date', M: 'Month', y: 'FullYear' };
const AMOUNTS = { s: 1, m: 1, h: 1, d: 1, w: 7, M: 1, y: 1 };
const NAMES = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' };

// Seconds of a moment; null for what is none. `up`: a rounded one (now/d) is the end of its day, week ...
export function moment(text, now, { utc = false, up = false } = {}) {
  const asked = String(text ?? '').trim();
  if (/^\d{9,11}$/.test(asked)) return Number(asked);
  if (/^\d{12,14}$/.test(asked)) return Math.floor(Number(asked) / 1e3);
  const found = /^now((?:[+-]\d{1,6}[smhdwMy]|\/[smhdwMy])*)$/.exec(asked);
  if (!found) return absolute(asked, utc);
  let at = new Date(now * 1e3);
  for (const [, sign, count, unit] of found[1].matchAll(/([+\-/])(\d*)([smhdwMy])/g)) {
    at = sign === '/' ? rounded(at, unit, utc, up) : moved(at, unit, sign === '-' ? -count : Number(count), utc);
  }
  return Number.isNaN(at.getTime()) ? null : Math.floor(at.getTime() / 1e3);
}

function absolute(text, utc) {
  const found = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?(?:\.\d+)?))?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!found) return null;
  const zone = found[3] === 'UTC' ? 'Z' : found[3] ?? (utc ? 'Z' : '');
  const time = Date.parse(`${found[1]}T${found[2] ?? '00:00'}${zone}`);
  return Number.isNaN(time) ? null : Math.floor(time / 1e3);
}

function moved(at, unit, count, utc) {
  const made = new Date(at);
  const name = (utc ? 'UTC' : '') + UNITS[unit];
  const day = `${utc ? 'UTC' : ''}Date`;
  const before = made[`get${day}`]();
  made[`set${name}`](made[`get${name}`]() + count * AMOUNTS[unit]);
  if ((unit === 'M' || unit === 'y') && made[`get${day}`]() !== before) made[`set${day}`](0); // a month before 31 March is the end of February
  return made;
}

function rounded(at, unit, utc, up) {
  const u = utc ? 'UTC' : '';
  const made = new Date(at);
  const order = ['s', 'm', 'h', 'd', 'M', 'y'];
  const least = { s: 0, m: 0, h: 0, d: 1, M: 0 };
  for (const smaller of order.slice(0, unit === 'w' ? 3 : order.indexOf(unit))) made[`set${u}${UNITS[smaller]}`](least[smaller]);
  made[`set${u}Milliseconds`](0);
  if (unit === 'w') made[`set${u}Date`](made[`get${u}Date`]() - ((made[`get${u}Day`]() + 6) % 7)); // weeks begin on Monday
  return up ? new Date(moved(made, unit, 1, utc).getTime() - 1) : made;
}

// What a range is called: "Last 6 hours", "Yesterday", or its two ends.
export function rangeName(from, to, context = {}) {
  const last = /^now-(\d+)([smhdwMy])$/.exec(from);
  if (last && to === 'now') return `Last ${Number(last[1]) === 1 ? '' : `${last[1]} `}${NAMES[last[2]]}${Number(last[1]) === 1 ? '' : 's'}`;
  const named = { 'now/d now/d': 'Today', 'now-1d/d now-1d/d': 'Yesterday', 'now/w now/w': 'This week', 'now/M now/M': 'This month', 'now/d now': 'Today so far' };
  const plain = (one) => (/^\d+$/.test(one) ? timeText(moment(one, 0), context).slice(0, 16) : one);
  return named[`${from} ${to}`] ?? `${plain(from)} – ${plain(to)}`;
}

export function secondsOf(text) {
  const found = /^(\d+)(ms|[smhdwMQy])$/.exec(String(text ?? '').trim());
  return found ? found[1] * (SECONDS[found[2]] ?? 1e-3) : 0;
}

// The name of the zone in which a dashboard is read; undefined is the reader's own.
export const zoneOf = (context) => context.zone || (context.utc ? 'Etc/UTC' : undefined);

// 2026-11-20 14:00:00, in the dashboard's zone, which is named when it is not the reader's own.
export function timeText(seconds, context = {}) {
  const timeZone = zoneOf(context);
  const text = new Date(seconds * 1e3).toLocaleString('sv', timeZone ? { timeZone } : {});
  return timeZone ? `${text} ${timeZone === 'Etc/UTC' ? 'UTC' : timeZone}` : text;
}
