// The graph as a picture: which nodes are drawn as what. A namespace is a card, an interface in it a slot, a switch a bar, its ports
// jacks on the bar (a port and the interface of its name are one jack), a cable a wire. What is drawn as nothing of its own is
// found where it belongs: each node has its spot.

const SWITCHES = new Set(['ovsbridge', 'bridge']);
const MORE = new Set(['ofrule', 'ofgroup', 'host', 'netns', 'ovsport', ...SWITCHES]);
const QUIET = new Set(['lo', 'ovs-netdev', 'ovs-system']); // they are everywhere and carry nothing that one looks for
const collator = new Intl.Collator('en', { numeric: true });
export const byName = (one, other) => collator.compare(one.name, other.name) || collator.compare(one.id, other.id);

const type = (node) => node.Metadata.Type ?? '';
const name = (node) => String(node.Metadata.Name ?? node.ID);
const isInterface = (node) => !MORE.has(type(node)) && ('IfIndex' in node.Metadata || 'MAC' in node.Metadata || 'OfPort' in node.Metadata || 'State' in node.Metadata);

export function addresses(node) {
  return [...(node.Metadata.IPV4 ?? []), ...(node.Metadata.IPV6 ?? [])].map((one) => String(one).split('/')[0]);
}

// `nodes` and `edges` are maps by ID. Gives {spots: id → spot, wires, spotOf: node ID → spot ID}; a spot is
// {id, kind: host | switch | card | slot | jack, name, sub, nodes, in, number}.
export function pictured(nodes, edges) {
  const made = { spots: new Map(), wires: [], spotOf: new Map() };
  const { owner, cables } = related(nodes, edges);
  const put = (id, kind, node, within, more = {}) => {
    made.spots.set(id, { id, kind, name: name(node), sub: '', nodes: [node.ID], in: within, number: 0, down: node.Metadata.State === 'DOWN', ...more });
    made.spotOf.set(node.ID, id);
  };
  const join = (node, spot) => { made.spots.get(spot).nodes.push(node.ID); made.spotOf.set(node.ID, spot); };
  const hostOf = (id) => { let at = id; for (let n = 0; n < 9 && at; n += 1) { if (type(nodes.get(at) ?? { Metadata: {} }) === 'host') return at; at = owner.get(at); } return ''; };
  const spaceOf = (node) => { const at = nodes.get(owner.get(node.ID)); return at && type(at) === 'netns' ? at.ID : ''; };

  for (const node of nodes.values()) {
    if (type(node) === 'host') put(node.ID, 'host', node, '');
    else if (type(node) === 'netns') put(node.ID, 'card', node, hostOf(node.ID));
    else if (SWITCHES.has(type(node))) put(node.ID, 'switch', node, hostOf(node.ID), { sub: type(node) === 'bridge' ? 'Linux bridge' : '', space: spaceOf(node) && name(nodes.get(spaceOf(node))) });
  }
  for (const node of nodes.values()) {
    const at = made.spots.get(owner.get(node.ID));
    if (type(node) === 'ovsport' && at?.kind === 'switch') { if (name(node) === at.name) join(node, at.id); else put(node.ID, 'jack', node, at.id); }
  }
  jacks(nodes, cables, made, { put, join, spaceOf });
  for (const node of nodes.values()) {
    if (made.spotOf.has(node.ID) || !isInterface(node)) continue;
    const within = spaceOf(node) || hostOf(node.ID);
    if (QUIET.has(name(node)) && made.spots.has(within)) { join(node, within); continue; }
    const space = spaceOf(node) || own(made, nodes, within);
    put(node.ID, 'slot', node, space, { sub: addresses(node)[0] ?? '' });
  }
  for (const node of nodes.values()) if (!made.spotOf.has(node.ID)) kept(node, owner, made);
  made.wires = wires(cables, made);
  drop(made);
  return made;
}

function related(nodes, edges) {
  const owner = new Map();
  const cables = [];
  for (const edge of edges.values()) {
    if (!nodes.has(edge.Parent) || !nodes.has(edge.Child)) continue;
    if (edge.Metadata?.RelationType === 'ownership') owner.set(edge.Child, edge.Parent);
    else cables.push(edge);
  }
  return { owner, cables };
}

// The interfaces of ports, and what a Linux bridge holds; an interface that was moved into a namespace is a slot there.
function jacks(nodes, cables, made, { put, join, spaceOf }) {
  for (const edge of cables) {
    for (const [near, far] of [[edge.Parent, edge.Child], [edge.Child, edge.Parent]]) {
      const [one, other] = [nodes.get(near), nodes.get(far)];
      const spot = made.spots.get(made.spotOf.get(near));
      if (!spot || made.spotOf.has(far) || !isInterface(other)) continue;
      if (type(one) === 'ovsport' && !spaceOf(other)) { join(other, spot.id); jackOf(spot, other); }
      if (type(one) === 'bridge' && edge.Metadata.Type !== 'veth') { put(far, 'jack', other, spot.id); jackOf(made.spots.get(far), other); }
    }
  }
}

function jackOf(spot, node) {
  if (spot.kind !== 'jack') return;
  spot.number = node.Metadata.OfPort ?? spot.number;
  spot.down = node.Metadata.State === 'DOWN';
  if (!spot.sub) spot.sub = ['vxlan', 'geneve', 'gre', 'patch', 'internal'].includes(type(node)) ? type(node) : '';
}

// The card of a host's own interfaces, which hang on no switch; "" is a host that nobody has told of.
function own(made, nodes, host) {
  const id = `${host}/own`;
  if (!made.spots.has(id)) made.spots.set(id, { id, kind: 'card', name: host ? name(nodes.get(host)) : 'elsewhere', sub: '', nodes: host ? [host] : [], in: host, number: 0, down: false, own: true });
  return id;
}

// Rules, groups and whatever else there may be: with the nearest that is drawn.
function kept(node, owner, made) {
  let at = owner.get(node.ID);
  for (let n = 0; n < 9 && at && !made.spotOf.has(at); n += 1) at = owner.get(at);
  if (at) { made.spotOf.set(node.ID, made.spotOf.get(at)); return; }
  made.spots.set(node.ID, { id: node.ID, kind: 'card', name: name(node), sub: type(node), nodes: [node.ID], in: '', number: 0, down: false });
  made.spotOf.set(node.ID, node.ID);
}

function wires(cables, made) {
  const seen = new Map();
  for (const edge of cables) {
    const [a, b] = [made.spotOf.get(edge.Parent), made.spotOf.get(edge.Child)];
    const [one, other] = [made.spots.get(a), made.spots.get(b)];
    if (!one || !other || a === b || one.in === b || other.in === a) continue;
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    if (!seen.has(key)) seen.set(key, { id: key, a, b, kind: edge.Metadata?.Type || 'layer2', edges: [] });
    seen.get(key).edges.push(edge.ID);
  }
  return [...seen.values()];
}

// A host is a frame around what it has; one that has nothing is shown as a card, so that it is there.
function drop(made) {
  const used = new Set([...made.spots.values()].map((spot) => spot.in));
  for (const spot of made.spots.values()) if (spot.kind === 'host' && !used.has(spot.id)) spot.bare = true;
}

// Those of a set, what hangs on their cables, and all that these belong to: what is left of a graph when only these are looked at.
export function narrowed(nodes, edges, wanted) {
  const { owner, cables } = related(nodes, edges);
  const left = new Set();
  const far = cables.flatMap(({ Parent, Child }) => (wanted.has(Parent) || wanted.has(Child) ? [Parent, Child] : []));
  for (const id of new Set([...wanted, ...far])) for (let at = id, n = 0; at && n < 9 && nodes.has(at); at = owner.get(at), n += 1) left.add(at);
  return [new Map([...nodes].filter(([id]) => left.has(id))), new Map([...edges].filter(([, edge]) => left.has(edge.Parent) && left.has(edge.Child)))];
}
