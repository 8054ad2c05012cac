// What the pages share: asking the server, lists of choices, times.

import { element } from './element.js';

export const RANGES = [['15m', 'Last 15 minutes'], ['1h', 'Last hour'], ['6h', 'Last 6 hours'], ['24h', 'Last 24 hours'], ['7d', 'Last 7 days'], ['30d', 'Last 30 days'], ['1y', 'Last year']];
const AGAIN_MS = [50, 500, 1500];
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800, M: 2592000, y: 31536000 };

export const by = (id) => document.getElementById(id);
// What a page that was exported carries with it: {query, from, until, answers: path → answer}; null on a page with a server.
export const exported = JSON.parse(by('exported')?.textContent ?? 'null');
export const wish = new URLSearchParams(exported ? exported.query : location.search);
export const ready = () => { document.body.dataset.state = 'ready'; };
// Keeps what is shown in the address; an exported page is a file and has none.
export const remember = (query) => { if (!exported) history.replaceState(null, '', `?${query}`); };

if (exported) { // its colours are its own; other pages are where it came from, and cannot be gone to from here
  document.documentElement.classList.add('exported');
  if (/^(light|dark)$/.test(exported.theme)) document.documentElement.dataset.theme = exported.theme; else delete document.documentElement.dataset.theme;
  addEventListener('click', (event) => { if (event.target.closest?.('a[href^="/"]')) event.preventDefault(); });
}

// `options` are fetch's (a signal that ends the question, for example).
export async function ask(path, options = {}) {
  if (exported) return carried(path);
  const answer = await fetched(path, { headers: { Accept: 'application/json' }, ...options });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.message ?? `the server answers with status ${answer.status}`);
  return body;
}

// A browser gives a question up when an interface comes or goes (a lab, a pod, a VPN): it is asked again.
async function fetched(path, options, waits = AGAIN_MS) {
  try { return await fetch(path, options); } catch (error) {
    if (error.name === 'AbortError') throw error;
    if (!waits.length) throw new Error(`nobody answers at ${location.host}; is the command that shows these pages still running?`);
    await new Promise((done) => { setTimeout(done, waits[0]); });
    return fetched(path, options, waits.slice(1));
  }
}

// An exported page has one answer for each panel: that of the time it shows as a whole, however closely one looks at it.
function carried(path) {
  const { pathname, searchParams } = new URL(path, 'page:/');
  const named = ['side', 'dashboard', 'panel'].filter((name) => searchParams.has(name)).map((name) => `${name}=${searchParams.get(name)}`);
  const found = exported.answers[[pathname, ...named].join(' ')];
  if (!found) throw new Error('this is not in the exported page');
  return found;
}

export function secondsOf(range) {
  const found = /^(\d+)([smhdwMy])$/.exec(range);
  return found ? found[1] * SECONDS[found[2]] : 21600;
}

export function choices(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, text]) => element('option', { value }, text)));
  if (!pairs.some(([value]) => value === chosen)) select.append(element('option', { value: chosen }, chosen));
  select.value = chosen;
}

// A moment as people here read it, and in UTC where that differs.
export function moment(seconds) {
  const time = new Date(seconds * 1e3);
  const utc = `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const local = time.toLocaleString('sv');
  return time.getTimezoneOffset() ? `${local} (${utc})` : utc;
}

// Where the runs behind some targets are told, at a moment or over a time.
export function runsAddress(targets, times) {
  const query = new URLSearchParams(targets.map((target) => ['metric', target]));
  for (const [name, value] of Object.entries(times)) query.append(name, Math.floor(value));
  return `/runs?${query}`;
}

export function started(start) {
  document.documentElement.dataset.started = ''; // theme.js tells where it is missing
  if (document.readyState !== 'loading' && window.uPlot) start(); else addEventListener('DOMContentLoaded', start);
}
