// SPDX-License-Identifier: MIT
// page.js - the words and bars of the page: theme, the article's ways, the tables, the facts.
'use strict';

const results = JSON.parse(document.getElementById('results').textContent);

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const seconds = s => s == null ? '' : s >= 100 ? s.toFixed(0) + ' s' : s >= 1 ? s.toFixed(2) + ' s'
  : s >= 0.1 ? (s * 1e3).toFixed(0) + ' ms' : s >= 0.001 ? (s * 1e3).toFixed(1) + ' ms'
  : (s * 1e6).toFixed(0) + ' µs';
const milliseconds = ms => ms == null ? '' : seconds(ms / 1e3);
const count = n => n == null ? '' : n >= 100 ? Math.round(n).toLocaleString('en') : String(+n.toFixed(1));
const median = (row, name) => row.figures[name] ? row.figures[name].median : null;
const isPeer = row => row.runner !== 'plain C' && row.runner !== 'loophound';
const isAgain = row => row.key === 'yield again';

// ---- Theme: what the system prefers, until somebody decides otherwise.
const themeChanged = [];
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
function setTheme(name) {
  document.documentElement.dataset.theme = name;
  document.documentElement.style.colorScheme = name;
  themeChanged.forEach(react => react());
}
setTheme(prefersDark.matches ? 'dark' : 'light');
prefersDark.addEventListener('change', () => setTheme(prefersDark.matches ? 'dark' : 'light'));
document.getElementById('theme').addEventListener('click', () =>
  setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));

// ---- The article: a bar for each way, and what the rest of the program felt meanwhile.
function showArticle() {
  const experiment = results.experiments.find(e => e.name === 'article');
  const cell = results.cells.find(c => c.experiment === 'article');
  const rows = cell.rows.filter(row => !isAgain(row));
  const longest = Math.max(...rows.map(row => median(row, 'wall_s') || 0));
  const card = el('div', { class: 'card' }, el('h2', {}, experiment.title),
    el('p', { class: 'hint' }, experiment.about + '. Behind the time: the latest heartbeat, which is what '
      + 'everything else in the program had to wait.'
      + (rows.some(row => row.doubtful) ? ' ! invalid: the machine was busy.' : '')));
  for (const row of rows) {
    const wall = median(row, 'wall_s'), late = median(row, 'beat_max_ms');
    const fill = el('div', { class: 'fill' + (isPeer(row) ? ' peer' : ''),
      style: `width:${100 * (wall || 0) / longest}%;background:var(--${row.mode})` });
    const took = el('div', { class: 'took' });
    if (wall == null) took.append(el('span', {}, row.blank || ''));
    else took.append(el('b', {}, seconds(wall) + (row.doubtful ? ' !' : '')),
      el('span', {}, late == null ? '' : ' ♥ ' + milliseconds(late)));
    card.append(el('div', { class: 'way' }, el('div', {}, row.label),
      el('div', { class: 'track' }, fill), took));
  }
  document.getElementById('article').append(card);
}

// ---- Tables: every figure, for those who want to read after all.
const columns = [
  ['wall', row => seconds(median(row, 'wall_s')) + (row.doubtful ? ' !' : '')
    + (row.within_noise && row.key !== 'yield' && !isAgain(row) ? ' ~' : '')],
  ['spread', row => row.n > 1
    ? seconds(row.figures.wall_s.min) + ' to ' + seconds(row.figures.wall_s.max) : ''],
  ['runs', row => row.n ? row.n + (row.invalid ? ` (${row.invalid} invalid)` : '') : ''],
  ['speed-up', row => row.speedup ? count(row.speedup) + ' ×' : ''],
  ['beat p50', row => milliseconds(median(row, 'beat_p50_ms'))],
  ['p99', row => milliseconds(median(row, 'beat_p99_ms'))],
  ['max', row => milliseconds(median(row, 'beat_max_ms'))],
  ['hurt', row => count(median(row, 'hurt_mean'))],
  ['CPU', row => seconds(median(row, 'cpu_s'))],
  ['switches', row => median(row, 'switches_voluntary') == null ? ''
    : count(median(row, 'switches_voluntary') + median(row, 'switches_forced'))],
];

function tableOf(cell) {
  const table = el('table', { class: 'figures' },
    el('tr', {}, el('th'), ...columns.map(([name]) => el('th', {}, name))));
  for (const row of cell.rows) {
    const cells = row.blank ? [el('td', { colspan: columns.length }, row.blank)]
      : columns.map(([, show]) => el('td', {}, show(row)));
    table.append(el('tr', {}, el('td', { title: row.command }, row.label), ...cells));
  }
  return el('div', { class: 'scroll' }, table);
}

function showTables() {
  const card = el('div', { class: 'card' }, el('h2', {}, 'Every figure'),
    el('p', { class: 'hint' }, 'Medians. ! all runs were invalid; ~ not told apart from yielding, by the '
      + 'noise that the A/A row shows. hurt: tasks that were due and did not get on for 1 ms or more of a block, '
      + 'on average. Rest on a name to see its command.'));
  for (const cell of results.cells) {
    const { title } = results.experiments.find(e => e.name === cell.experiment);
    const noise = cell.noise == null ? '' : `, noise ${(cell.noise * 100).toFixed(1)} %`;
    card.append(el('details', {}, el('summary', {}, `${title}: ${count(cell.tasks)} tasks, ${cell.share} % block `
      + `for ${cell.block_ms} ms${noise}`), tableOf(cell)));
  }
  document.getElementById('tables').append(card);
}

function showFacts() {
  const f = results.facts;
  document.getElementById('facts').append(
    el('p', {}, `${f.date} on ${f.cpus} × ${f.cpu}, ${f.kernel}, load ${f.load_at_start.toFixed(1)} at the start; `
      + `${f.size} sweep, ${f.seconds} s; pools of ${f.threads} threads.`),
    el('p', {}, `Commit ${f.commit.slice(0, 12) || '?'}${f.changed ? ' with changes' : ''}. ${f.flags}`),
    el('p', {}, [...f.peers.map(p => p.version), ...f.skipped.map(s => 'left out: ' + s)].join('; ')));
}

showArticle();
showTables();
showFacts();
