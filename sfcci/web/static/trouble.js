// Why a panel is empty, or some of its targets are: each reason with the targets that it is of; a broken one with a caret.

import { element } from './element.js';

export function nothing(troubled) {
  const kinds = [...new Set(troubled.map((one) => one.trouble))];
  const head = kinds.length === 1 ? sentence(kinds[0]) : kinds.length ? 'Nothing to draw' : 'No Graphite targets';
  return element('div', { class: 'trouble all', tabindex: '0', role: 'group', 'aria-label': head }, element('strong', {}, head), reasons(troubled));
}

export function some(troubled, all) {
  const kinds = [...new Set(troubled.map((one) => one.trouble))].join(', ');
  const summary = element('summary', {}, `${troubled.length} of ${all} targets draw nothing: ${kinds}`);
  return element('details', { class: 'some trouble' }, summary, reasons(troubled));
}

// When an empty panel last had a value, with the way there.
export function lastOne(body, text, go) {
  const button = element('button', { type: 'button' }, 'show that time');
  button.addEventListener('click', go);
  body.querySelector('.trouble.all')?.append(element('p', { class: 'last' }, `The last value was at ${text}: `, button));
}

function reasons(troubled) {
  const list = element('ul');
  const seen = new Map();
  for (const one of troubled) seen.set(one.detail, [...(seen.get(one.detail) ?? []), one]);
  for (const [detail, same] of seen) {
    const item = element('li', {}, `${same.map((one) => one.ref).join(', ')}: ${detail}`);
    if (same[0].column) item.append(caret(same[0]));
    for (const name of same[0].meant ?? []) item.append(element('div', { class: 'meant' }, element('a', { href: `/metrics?${new URLSearchParams({ name })}` }, name)));
    list.append(item);
  }
  return list;
}

// A long target is cut to what stands around the fault, so that the caret is seen.
function caret({ target, column }) {
  const begin = Math.max(0, column - 40);
  const line = `${begin ? '…' : ''}${target.slice(begin, begin + 110)}${target.length > begin + 110 ? '…' : ''}`;
  return element('pre', { 'data-column': column }, `${line}\n${' '.repeat(column - 1 - begin + (begin ? 1 : 0))}^`);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
