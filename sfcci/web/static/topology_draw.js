// The picture in SVG. What was drawn stays and moves to its new place; what is new comes up, what has gone fades: so one sees a topology grow.

import { by } from './page.js';
import { JACK } from './topology_layout.js';

const FADE_MS = 350;
const CROWD = 900; // so many are not moved smoothly
const LETTER = { small: 5.9, title: 7.2, bar: 8.2 }; // widths of letters, guessed: text in a picture does not wrap
const ROUND = 7;

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(by('canvas').namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function drawing(root, told) {
  const layers = Object.fromEntries(['hosts', 'wires', 'cards', 'bars', 'ways', 'labels', 'slots', 'marks'].map((name) => [name, svg('g', { class: name })]));
  const world = svg('g', { class: 'world' }, ...Object.values(layers));
  const canvas = by('canvas');
  canvas.append(world);
  const drawn = new Map();
  const wired = new Map();
  const marks = new Map();
  const LAYER = { host: 'hosts', card: 'cards', switch: 'bars', slot: 'slots', jack: 'slots' };

  function spotDrawn(spot, place, fresh) {
    let one = drawn.get(spot.id);
    const shape = `${spot.kind} ${place.side === 'chip'}`;
    const again = one && one.shape !== shape; // it is drawn otherwise now: in place of what it was
    if (again) { one.made.remove(); one.label?.remove(); }
    if (!one || again) {
      const made = svg('g', { class: 'spot', 'data-spot': spot.id, tabindex: '-1', role: 'button' });
      layers[LAYER[spot.kind]].append(made);
      one = { made, shape, key: '', label: spot.kind === 'switch' ? svg('g', { class: 'spot label', 'data-kind': 'switch' }) : null }; // its name is read over a path, too
      if (one.label) layers.labels.append(one.label);
      drawn.set(spot.id, one);
      if (fresh && !again) made.classList.add('new');
    }
    const key = `${spot.name}\n${spot.sub}\n${spot.down}\n${spot.space}\n${place.w} ${place.h} ${place.side}`;
    if (one.key !== key) { one.key = key; const parts = SHAPES[spot.kind](spot, place); one.label?.replaceChildren(...parts.splice(1)); one.made.replaceChildren(...parts); one.made.setAttribute('aria-label', said(spot)); }
    one.made.classList.toggle('down', Boolean(spot.down));
    one.made.classList.toggle('bare', Boolean(place.bare));
    one.made.dataset.kind = spot.kind;
    one.made.dataset.side = place.side;
    const at = `translate(${place.x}px, ${place.y}px)`;
    if (one.at !== at) { one.at = at; one.made.style.transform = at; if (one.label) one.label.style.transform = at; }
  }

  function wireDrawn(wire, points, fresh) {
    let made = wired.get(wire.id);
    if (!made) {
      made = svg('path', { 'data-wire': wire.id, class: `wire ${wire.kind}` });
      layers.wires.append(made);
      wired.set(wire.id, made);
      if (fresh) made.classList.add('new');
    }
    const d = rounded(points);
    if (made.getAttribute('d') !== d) made.setAttribute('d', d);
  }

  const gone = (made) => { made.classList.add('gone'); setTimeout(() => made.remove(), FADE_MS); };

  return {
    canvas,
    world,
    layers,
    element: (id) => drawn.get(id)?.made,
    show(picture, layout) {
      const fresh = drawn.size > 0 || told.animate;
      root.classList.toggle('crowd', picture.spots.size > CROWD);
      for (const [id, one] of drawn) if (!layout.places.has(id) || !picture.spots.has(id)) { drawn.delete(id); gone(one.made); if (one.label) gone(one.label); }
      for (const [id, made] of wired) if (!layout.wires.has(id)) { wired.delete(id); gone(made); }
      for (const spot of picture.spots.values()) { const place = layout.places.get(spot.id); if (place) spotDrawn(spot, place, fresh); }
      for (const wire of picture.wires) { const points = layout.wires.get(wire.id); if (points?.length) wireDrawn(wire, points, fresh); }
    },
    // Marks all spots that are in `ids` with a class, and no others.
    mark(name, ids) {
      const put = (id, on) => { const one = drawn.get(id); one?.made.classList.toggle(name, on); one?.label?.classList.toggle(name, on); };
      for (const id of marks.get(name) ?? []) if (!ids.has(id)) put(id, false);
      for (const id of ids) put(id, true);
      marks.set(name, ids);
    },
  };
}

const said = (spot) => `${{ host: 'host', card: 'namespace', switch: 'switch', slot: 'interface', jack: 'port' }[spot.kind]} ${spot.name}${spot.sub ? `, ${spot.sub}` : ''}${spot.down ? ', down' : ''}`;

const SHAPES = {
  host: (spot, { w, h }) => [box(w, h, 14), text(spot.name, { x: 16, y: 22, class: 'title' }, w - 32, LETTER.title)],
  card: (spot, { w, h, side }) => [
    box(w, h, 9),
    text(spot.name, { x: w / 2, y: side === 'down' ? h - 9 : 18, class: 'title' }, w - 14, LETTER.title),
    far(spot.name, w, h),
  ],
  switch: (spot, { w, h }) => [
    box(w, h, 8),
    text(spot.name, { x: 16, y: h / 2 + 5, class: 'title' }, 200, LETTER.bar),
    ...(spot.sub || spot.space ? [text([spot.sub, spot.space && `in ${spot.space}`].filter(Boolean).join(' '), { x: w - 14, y: h / 2 + 4, class: 'sub end' }, 160, LETTER.small)] : []),
    far(spot.name, w, h),
  ],
  slot: (spot, { w, h }) => [
    box(w, h, 5),
    text(spot.name, { x: w / 2, y: spot.sub ? 14.5 : h / 2 + 4, class: 'name' }, w - 8, LETTER.small),
    ...(spot.sub ? [text(spot.sub, { x: w / 2, y: 28.5, class: 'sub' }, w - 6, LETTER.small)] : []),
  ],
  jack: (spot, { w, h, side }) => side === 'chip'
    ? [box(w, h, 5), text(spot.sub && spot.sub !== 'internal' ? `${spot.name} ${spot.sub}` : spot.name, { x: w / 2, y: h / 2 + 4, class: 'name' }, w - 8, LETTER.small)]
    : [svg('rect', { class: 'touch', x: -6, y: -8, width: JACK.w + 12, height: JACK.h + 16 }), box(w, h, 2.5), text(spot.name, { x: w / 2, y: side === 'down' ? -5 : h + 11, class: 'name' }, 92, LETTER.small)],
};

const box = (width, height, rx) => svg('rect', { class: 'box', width, height, rx });

function text(words, attributes, room, letter) {
  const most = Math.max(3, Math.floor(room / letter));
  const made = svg('text', attributes, words.length > most ? `${words.slice(0, Math.ceil(most * 0.6) - 1)}…${words.slice(-Math.floor(most * 0.4))}` : words);
  if (words.length > most) made.append(svg('title', {}, words));
  return made;
}

// The name as it is read from far away: as large as there is room for.
function far(words, w, h) {
  const made = svg('text', { class: 'far', x: w / 2, y: h / 2 });
  made.style.fontSize = `${Math.min(h * 0.5, 30, (w - 10) / (0.6 * words.length))}px`;
  made.append(words);
  return made;
}

// A line through points, its corners rounded.
export function rounded(points, round = ROUND) {
  const clean = points.filter((point, index) => !index || point[0] !== points[index - 1][0] || point[1] !== points[index - 1][1]);
  if (clean.length < 2) return '';
  let d = `M${at(clean[0])}`;
  for (let index = 1; index < clean.length - 1; index += 1) {
    const [before, here, after] = [clean[index - 1], clean[index], clean[index + 1]];
    const [one, other] = [toward(here, before, round), toward(here, after, round)];
    d += `L${at(one)}Q${at(here)} ${at(other)}`;
  }
  return `${d}L${at(clean.at(-1))}`;
}

const at = ([x, y]) => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;

function toward([x, y], [a, b], most) {
  const length = Math.hypot(a - x, b - y);
  const step = Math.min(most, length / 2) / (length || 1);
  return [x + (a - x) * step, y + (b - y) * step];
}
