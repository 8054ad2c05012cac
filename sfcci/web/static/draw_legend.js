// The legend of a graph: a button for each series, which hides and shows it, with the values that the panel asks for.

import { element } from './element.js';
import { reduce, TITLES, told } from './field.js';

export function legend(panel, lines, toggle) {
  const { showLegend = true, displayMode = 'list', calcs = [], sortBy, sortDesc } = panel.options?.legend ?? {};
  const listed = lines.filter((one) => !one.field.custom.hideFrom?.legend);
  if (!showLegend || displayMode === 'hidden' || !listed.length) return '';
  const sorted = calcs.find((calc) => (TITLES[calc] ?? calc).replace(' *', '') === String(sortBy ?? '').replace(' *', ''));
  if (sorted) listed.sort((one, other) => ((reduce(sorted, one.values) ?? -Infinity) - (reduce(sorted, other.values) ?? -Infinity)) * (sortDesc ? -1 : 1));
  const head = element('tr', {}, element('th', { scope: 'col' }, 'Series'), ...calcs.map((calc) => element('th', { scope: 'col' }, TITLES[calc] ?? calc)));
  const caption = element('caption', { class: 'hidden' }, `Series of ${panel.title}`);
  const table = element('table', {}, caption, element('thead', {}, head), element('tbody', {}, ...listed.map((one) => row(one, calcs, toggle))));
  return element('div', { class: `legend ${displayMode === 'table' ? 'table' : 'list'}` }, table);
}

function row(one, calcs, toggle) {
  const chip = element('span', { class: 'chip' });
  chip.style.background = one.colour;
  const button = element('button', { type: 'button', 'aria-pressed': one.on }, chip, one.label);
  button.addEventListener('click', () => { toggle(one); button.setAttribute('aria-pressed', one.on); });
  const cells = calcs.map((calc) => {
    const value = reduce(calc, one.values);
    return element('td', { 'data-value': value, 'data-calc': calc, 'data-title': TITLES[calc] ?? calc }, told(value, one.field).text);
  });
  return element('tr', {}, element('th', { scope: 'row' }, button), ...cells);
}
