// Asking the analyzer: Gremlin, captures, paths, the stream of changes; and logging in where that is needed.

import { by } from './page.js';

const MOST_TOLD = 600;

export class Refused extends Error {}

let login = null; // one dialog, however many questions wait for it

function loggedIn() {
  login ??= new Promise((done) => {
    by('login-form').onsubmit = async (event) => {
      event.preventDefault();
      const answer = await fetch('/login', { method: 'POST', body: new URLSearchParams({ username: by('username').value, password: by('password').value }) });
      by('password').value = '';
      if (!answer.ok) { by('login-why').textContent = 'This name and password are not known.'; by('password').focus(); return; }
      by('login-why').textContent = '';
      by('login').close();
      login = null;
      done();
    };
    by('login').showModal();
  });
  return login;
}

// Gives the answer, after a login where the server wants one; else throws with the server's own words.
export async function asked(path, options = {}) {
  let answer;
  try { answer = await fetch(path, options); } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error(`nobody answers at ${location.host}; is the analyzer still running?`);
  }
  if (answer.status === 401) { await loggedIn(); return asked(path, options); }
  if (answer.ok) return answer;
  throw new Refused(told(await answer.text()) || `the analyzer answers with status ${answer.status}`);
}

function told(text) {
  try { const body = JSON.parse(text); return body.message ?? body.error ?? text; } catch { return text.trim().slice(0, MOST_TOLD); }
}

const json = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

export async function gremlin(query, options = {}) {
  const answer = await asked('/api/topology', { ...json({ GremlinQuery: query }), ...options });
  return answer.status === 204 ? [] : answer.json();
}

export const packetsFile = async (query) => (await asked('/api/topology', { ...json({ GremlinQuery: query }), headers: { 'Content-Type': 'application/json', Accept: 'application/vnd.tcpdump.pcap' } })).blob();
export const create = (capture) => asked('/api/capture', json(capture));
export const remove = (id) => asked(`/api/capture/${encodeURIComponent(id)}`, { method: 'DELETE' });
export const inject = (packets) => asked('/api/injectpacket', json(packets));
export const paths = async (id) => (await asked(`/api/chainpath/${encodeURIComponent(id)}`)).json();

// A text as Gremlin reads it; the language has no escapes, so the other quote is taken where it must be.
export const quoted = (text) => (text.includes("'") ? `"${text}"` : `'${text}'`);

// The stream of changes. A hidden page closes it (a browser has six connections for all its pages of one server).
export function follow({ graph, captures, alive }) {
  let source = null;
  async function open() {
    if (source || document.hidden) return;
    source = new EventSource('/api/events');
    source.addEventListener('graph', (event) => { alive(true); graph(JSON.parse(event.data)); });
    source.addEventListener('captures', (event) => captures(JSON.parse(event.data)));
    source.addEventListener('error', () => { if (source?.readyState === EventSource.CLOSED) again(); else alive(false); });
  }
  // A stream that is refused ends for good: perhaps a login is wanted.
  async function again() {
    close();
    try { await asked('/api/status'); } catch { alive(false); }
    setTimeout(open, 1000);
  }
  function close() { source?.close(); source = null; }
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  addEventListener('pagehide', close);
  open();
}
