// A dashboard's panels as sections of a grid: what stands before the first row title, then one section for each title, which folds.

import { clear, isDrawn } from './draw.js';
import { element } from './element.js';

const ROW_PX = 38;

// Lays the panels out again. A panel that is as it was keeps its element with all that is drawn in it.
// Gives [entry...]: {panel, article, body, link, same}; `same`: false for a new one, 'shown' when only the way it is shown differs.
export function lay(root, dashboard, before, toggled) {
  const was = shape(before); // before panels that stay are moved
  const old = new Map(before.map((one) => [one.panel.id, one]));
  const folded = new Map([...root.querySelectorAll('details.row')].map((one) => [one.dataset.row, !one.open]));
  const entries = [];
  const grids = sections(dashboard).map(({ title, row, isFolded, panels }) => {
    const top = Math.min(...panels.map((panel) => panel.gridPos?.y ?? 0));
    const inside = panels.map((panel) => { const one = entry(panel, old.get(panel.id)); one.row = row; place(one.article, panel, top); entries.push(one); return one; });
    return () => {
      const grid = element('div', { class: 'grid' }, ...inside.map((one) => one.article));
      return title === undefined ? element('section', {}, grid) : section(title, row, folded.get(row) ?? isFolded, grid, toggled);
    };
  });
  if (root.children.length && was === shape(entries)) {
    entries.forEach((one, index) => { if (one !== before[index]) before[index].article.replaceWith(one.article); }); // of another kind now
    titles(root, dashboard);
  } else root.replaceChildren(...grids.map((made) => made()));
  const left = new Set(entries.map((one) => one.article));
  before.filter((one) => !left.has(one.article)).forEach((one) => { one.abort?.abort(); clear(one.body); });
  return entries;
}

// A page on which nothing has moved keeps its sections, so that the focus, the place and the cursor stay.
function titles(root, dashboard) {
  for (const { row, title } of sections(dashboard)) {
    const head = row && root.querySelector(`details[data-row="${row}"] > summary > h2`);
    if (head && head.textContent !== title) head.textContent = title;
  }
}

const shape = (entries) => JSON.stringify(entries.map(({ panel, row }) => [panel.id, panel.gridPos, row]));

function sections(dashboard) {
  const found = [{ panels: [] }];
  for (const panel of dashboard.panels ?? []) {
    if (panel.type !== 'row') { found.at(-1).panels.push(panel); continue; }
    found.push({ title: panel.title ?? '', row: `${panel.id}`, isFolded: panel.collapsed, panels: [...(panel.panels ?? [])] });
    if (panel.collapsed) found.push({ panels: [] }); // a folded row holds its own panels; what follows it is seen
  }
  return found.filter((one) => one.panels.length || one.title !== undefined);
}

function section(title, row, isFolded, grid, toggled) {
  const details = element('details', { class: 'row', 'data-row': row, ...(isFolded ? {} : { open: '' }) }, element('summary', {}, element('h2', {}, title)), grid);
  details.addEventListener('toggle', () => { if (details.open) toggled(); });
  return element('section', {}, details);
}

// A panel that asks for something else keeps what is drawn, dimmed, until the answer is there.
function entry(panel, old) {
  if (!old || old.panel.type !== panel.type || panel.type === 'text') return old && same(old.panel, panel) ? Object.assign(old, { panel, same: true }) : frame(panel);
  if (same(old.panel, panel)) return Object.assign(old, { panel, same: true });
  const asked = ({ targets, timeFrom, timeShift }) => JSON.stringify([targets, timeFrom, timeShift]);
  const stays = asked(panel) === asked(old.panel);
  old.article.className = `panel ${panel.type}${panel.transparent ? ' clear' : ''}`;
  old.article.querySelector('h3').replaceWith(head(panel));
  old.link?.setAttribute('aria-label', `Runs behind ${panel.title || 'this panel'}`);
  old.article.dataset.stale = !stays;
  return Object.assign(old, { panel, same: stays ? 'shown' : false }, stays ? {} : { answer: null, last: undefined });
}

const same = ({ gridPos: _a, ...one }, { gridPos: _b, ...other }) => JSON.stringify(one) === JSON.stringify(other);

function place(article, panel, top) {
  const { x = 0, y = 0, w = 24, h = 8 } = panel.gridPos ?? {};
  for (const [name, value] of Object.entries({ x, y: y - top, w, h })) article.style.setProperty(`--${name}`, value);
  article.style.setProperty('--height', `${h * ROW_PX - 8}px`);
}

function head(panel) {
  const made = element('h3', { id: `panel-${panel.id}`, ...(panel.description ? { title: panel.description } : {}) }, panel.title ?? '');
  const own = panel.hideTimeOverride ? [] : [panel.timeFrom && `last ${panel.timeFrom}`, panel.timeShift && `${panel.timeShift} earlier`].filter(Boolean);
  if (own.length) made.append(element('span', { class: 'own-time' }, own.join(', ')));
  return made;
}

function frame(panel) {
  const id = `panel-${panel.id}`;
  const body = element('div', { class: 'body' });
  const article = element('article', { class: `panel ${panel.type}${panel.transparent ? ' clear' : ''}`, 'aria-labelledby': id, 'data-panel': panel.id }, head(panel), body);
  const one = { panel, article, body, link: null, same: false };
  if (panel.type === 'text') {
    const text = element('div', { class: 'text', tabindex: '0', role: 'region', 'aria-labelledby': id });
    text.innerHTML = panel.html ?? ''; // made by the server from Markdown, without any HTML of the file
    body.append(text);
  } else if (isDrawn(panel.type)) {
    one.link = element('a', { class: 'behind', 'aria-label': `Runs behind ${panel.title || 'this panel'}`, hidden: '' }, 'Runs');
    article.append(one.link);
  } else body.append(element('p', { class: 'trouble' }, `Panels of type ${panel.type} are not drawn here.`));
  return one;
}
