// Finding: by name, address, MAC, type or what Neutron calls it; and the expressions that one highlights again and again.

import { combobox } from './combobox.js';
import { element } from './element.js';
import { by } from './page.js';
import { byName } from './topology_model.js';

const MOST = 12;
const KEPT = 12;
const STORED = 'gremlin';
const WORDS = { host: 'host', card: 'namespace', switch: 'switch', slot: 'interface', jack: 'port' };
const OFFERED = [
  "G.V().Has('Name', Regex('^tap'))",
  "G.V().Has('Name', 'br-int', 'Type', 'ovsbridge')",
  "G.V().Has('Type', 'netns')",
  "G.V().Has('State', 'DOWN')",
  "G.Flows().Has('Transport', '80').Nodes()",
  "G.Flows().Hops()",
];

export function search({ state, choose }) {
  let ids = new Map();

  // All that a spot can be found by, in small letters.
  function words(spot) {
    const found = [spot.name, WORDS[spot.kind]];
    for (const id of spot.nodes) {
      const { Type = '', MAC = '', IPV4 = [], IPV6 = [], ExtID = {}, Neutron = {}, TID = '' } = state.nodes.get(id)?.Metadata ?? {};
      found.push(Type, MAC, ...IPV4, ...IPV6, ExtID['iface-id'] ?? '', ExtID['attached-mac'] ?? '', Neutron.PortID ?? '', TID);
    }
    return found.join(' ').toLowerCase();
  }

  function suggest(text) {
    const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (!asked.length) return { items: [], more: 0 };
    const all = [...state.picture.spots.values()].filter((spot) => { const has = words(spot); return asked.every((word) => has.includes(word)); });
    const rank = (spot) => (spot.name.toLowerCase() === asked[0] ? 0 : spot.name.toLowerCase().startsWith(asked[0]) ? 1 : 2) + (spot.kind === 'jack' ? 0.5 : 0);
    all.sort((a, b) => rank(a) - rank(b) || byName(a, b));
    ids = new Map();
    for (const spot of all.slice(0, MOST)) {
      const within = state.picture.spots.get(spot.in)?.name;
      const line = [spot.name, spot.sub, `${WORDS[spot.kind]}${within && spot.kind !== 'switch' && spot.kind !== 'card' ? ` of ${within}` : ''}`].filter(Boolean).join(' · ');
      ids.set(ids.has(line) ? `${line} · ${spot.id}` : line, spot.id);
    }
    return { items: [...ids.keys()].map((name) => ({ name, series: true })), more: Math.max(0, all.length - MOST), why: all.length ? '' : 'Nothing here is called so' };
  }

  combobox(by('find'), by('found'), {
    suggest: async (text) => suggest(text),
    choose: (line) => { by('find').value = ''; choose(ids.get(line)); by('side').focus({ preventScroll: true }); },
    say: () => {},
  });

  const stored = () => { try { return JSON.parse(localStorage.getItem(STORED) ?? '[]').filter((one) => typeof one === 'string'); } catch { return []; } };
  const offer = () => by('favourites').replaceChildren(...[...new Set([...stored(), ...OFFERED])].map((value) => element('option', { value })));
  offer();
  return {
    keep(query) {
      try { localStorage.setItem(STORED, JSON.stringify([query, ...stored().filter((one) => one !== query)].slice(0, KEPT))); } catch { /* a page that may keep nothing */ }
      offer();
    },
  };
}
