// The fields of a dashboard's variables: a list, a list of several, a text; what is chosen goes to the address as Grafana writes it.

import { element } from './element.js';

const ALL = '$__all';
const MANY = 12;

// `var-NAME=VALUE` of what is chosen, in an address or a question.
export function asWords(values) {
  return Object.entries(values).flatMap(([name, chosen]) => (chosen.length ? chosen : ['']).map((value) => [`var-${name}`, value]));
}

export function fromWords(words) {
  const values = {};
  for (const [key, value] of words) if (key.startsWith('var-')) (values[key.slice(4)] ??= []).push(value);
  return values;
}

// Shows the fields; those that are as they were stay, so that the focus does. `change(name, values)` is told of a choice.
export function offer(box, variables, change, fixed = false) {
  const shown = variables.filter((one) => one.hide !== 2 && !['constant', 'datasource', 'adhoc'].includes(one.kind));
  const old = new Map([...box.children].map((one) => [one.dataset.key, one]));
  box.hidden = !shown.length;
  const made = shown.map((one) => old.get(key(one)) ?? field(one, change, fixed));
  if (made.length !== box.children.length || made.some((one, index) => one !== box.children[index])) box.replaceChildren(...made);
  shown.forEach((one, index) => made[index].mark(one.values));
}

const key = (one) => JSON.stringify([one.name, one.label, one.kind, one.multi, one.hide, one.options, one.problem]);

function field(one, change, fixed) {
  const made = one.kind === 'textbox' ? typed(one, change) : one.multi ? several(one, change) : single(one, change);
  made.dataset.key = key(one);
  made.dataset.variable = one.name;
  if (one.problem) made.append(element('span', { class: 'problem' }, one.problem));
  if (fixed) made.querySelectorAll('select, input').forEach((each) => { each.disabled = true; });
  return made;
}

const labelled = (one, inner) => element('label', { class: 'variable' }, ...(one.hide === 1 ? [] : [one.label]), inner);

function single(one, change) {
  const select = element('select', { id: `var-${one.name}`, ...(one.hide === 1 ? { 'aria-label': one.label } : {}) }, ...one.options.map(({ value, text }) => element('option', { value }, text)));
  select.addEventListener('change', () => change(one.name, [select.value]));
  const made = labelled(one, select);
  made.mark = (values) => { select.value = values[0] ?? ''; };
  return made;
}

function typed(one, change) {
  const input = element('input', { id: `var-${one.name}`, type: 'text', spellcheck: 'false', autocomplete: 'off', maxlength: '1000', ...(one.hide === 1 ? { 'aria-label': one.label } : {}) });
  input.addEventListener('change', () => change(one.name, [input.value]));
  input.addEventListener('keydown', (event) => { if (event.key === 'Enter') { event.preventDefault(); change(one.name, [input.value]); } });
  const made = labelled(one, input);
  made.mark = (values) => { if (document.activeElement !== input) input.value = values[0] ?? ''; };
  return made;
}

function several(one, change) {
  const boxes = one.options.map(({ value, text }) => element('label', { class: 'check' }, element('input', { type: 'checkbox', value }), text));
  const summary = element('summary', { id: `var-${one.name}` });
  const list = element('div', { class: 'checks', role: 'group', 'aria-label': one.label }, ...boxes);
  if (boxes.length > MANY) list.prepend(search(boxes, one));
  const details = element('details', { class: 'several' }, summary, list);
  const inputs = boxes.map((each) => each.querySelector('input'));
  list.addEventListener('change', ({ target }) => {
    if (target.type !== 'checkbox') return;
    if (target.value === ALL && target.checked) inputs.forEach((each) => { each.checked = each.value === ALL; });
    else if (target.checked) inputs.filter((each) => each.value === ALL).forEach((each) => { each.checked = false; });
    const chosen = inputs.filter((each) => each.checked).map((each) => each.value);
    if (chosen.length) change(one.name, chosen); else target.checked = true; // one at least
  });
  details.addEventListener('keydown', (event) => { if (event.key === 'Escape' && details.open) { details.open = false; summary.focus(); } });
  details.addEventListener('focusout', (event) => { if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false; });
  const texts = new Map(one.options.map(({ value, text }) => [value, text]));
  const made = element('div', { class: 'variable' }, ...(one.hide === 1 ? [] : [element('span', {}, one.label)]), details);
  made.mark = (values) => {
    inputs.forEach((each) => { each.checked = values.includes(each.value); });
    const told = values.map((value) => texts.get(value) ?? value);
    summary.textContent = told.length > 3 ? `${told.length} chosen` : told.join(' + ') || 'none';
    summary.setAttribute('aria-label', `${one.label}: ${summary.textContent}`);
  };
  return made;
}

function search(boxes, one) {
  const input = element('input', { type: 'search', placeholder: 'Filter', 'aria-label': `Filter ${one.label}` });
  input.addEventListener('input', () => boxes.forEach((each) => { each.hidden = !each.textContent.toLowerCase().includes(input.value.toLowerCase()); }));
  return input;
}
