// SPDX-License-Identifier: MIT
// charts.js - the sweeps, drawn by uPlot: a chart for each axis, a line for each way.
// The x positions are places in a row, not quantities: their values are 0 to 10,000, about evenly in
// the logarithm. What is drawn is chosen once for all charts.
'use strict';

const metrics = [
  { name: 'Wall time', explain: 'From the first task to the last, and less is better.',
    of: row => median(row, 'wall_s'), show: seconds, log: true },
  { name: 'Speed-up', explain: 'Against one after another, in the same cell of the same run.',
    of: row => row.speedup, show: v => count(v) + ' ×', log: true },
  { name: 'Latest heartbeat', explain: 'A beat is due every 5 ms. How late the latest came: what a '
    + 'timer, a ping or another request had to wait.', of: row => inSeconds(row, 'beat_max_ms'), show: seconds, log: true },
  { name: 'Heartbeat p99', explain: 'A beat is due every 5 ms: one in a hundred was later than this.',
    of: row => inSeconds(row, 'beat_p99_ms'), show: seconds, log: true },
  { name: 'Tasks hurt', explain: 'By each block, on average: how many were due and did not get on.',
    of: row => median(row, 'hurt_mean'), show: count, log: false },
  { name: 'CPU', explain: 'User and system time of the whole process.',
    of: row => median(row, 'cpu_s'), show: seconds, log: true },
];
const chosen = { metric: metrics[0], peers: true, hidden: new Set() };
const dashes = [[], [7, 4], [2, 4], [10, 3, 2, 3]];
const runners = ['', ...results.facts.peers.map(peer => peer.name)];
const dashOf = row => dashes[isPeer(row) ? runners.indexOf(row.runner) % dashes.length : 0];

function inSeconds(row, name) {
  const value = median(row, name);
  return value == null ? null : value / 1e3;
}
const color = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
const drawn = row => !isAgain(row) && (chosen.peers || !isPeer(row)) && !chosen.hidden.has(row.key);

const sweeps = results.experiments.filter(e => e.name !== 'article').map(experiment => ({
  experiment, cells: results.cells.filter(cell => cell.experiment === experiment.name) }));

// Rows by key: the same in every cell, in the same order.
const rowsOf = (sweep, i) => sweep.cells.map(cell => cell.rows[i]);

function valueOf(row) {
  const value = chosen.metric.of(row);
  return chosen.metric.log && !(value > 0) ? null : value;
}

// Solid where at least one run was valid.
function hollowPoints(plot, seriesIndex, rows) {
  const { ctx } = plot, ring = color('card');
  ctx.setLineDash([]);
  rows.forEach((row, x) => {
    const value = valueOf(row);
    if (value == null) return;
    ctx.beginPath();
    ctx.arc(plot.valToPos(x, 'x', true), plot.valToPos(value, 'y', true), 3.5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fillStyle = row.doubtful ? ring : color(row.mode);
    ctx.strokeStyle = color(row.mode);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.fill();
    ctx.stroke();
  });
}

function tipFor(sweep, shown, place) {
  const tip = el('div', { class: 'tip' });
  place.append(tip);
  return plot => {
    const { idx, left, top } = plot.cursor;
    tip.style.display = idx == null || left < 0 ? 'none' : 'block';
    if (idx == null) return;
    const table = el('table');
    shown.map(i => sweep.cells[idx].rows[i])
      .sort((a, b) => (valueOf(b) ?? -1) - (valueOf(a) ?? -1))
      .forEach(row => table.append(el('tr', {},
        el('td', {}, el('i', { style: `background:var(--${row.mode})` }), row.label),
        el('td', {}, row.blank || (chosen.metric.of(row) == null ? 'none'
          : chosen.metric.show(chosen.metric.of(row)) + (row.doubtful ? ' !' : ''))))));
    tip.replaceChildren(table);
    const room = place.clientWidth - tip.offsetWidth;
    tip.style.left = Math.max(0, Math.min(room, left + (left > room / 2 ? -tip.offsetWidth : 70))) + 'px';
    tip.style.top = Math.max(0, top - tip.offsetHeight / 2) + 'px';
  };
}

// Lines and numbers at the powers of ten, and room for two of them at least.
const onGrid = (u, places) => places.map(v =>
  chosen.metric.log && Math.abs(Math.log10(v) - Math.round(Math.log10(v))) > 1e-6 ? null : v);

function logRange(u, min, max) {
  if (min == null) return [.1, 1];
  if (max / min > 100) return [min / 1.6, max * 1.6];
  return [10 ** Math.floor(Math.log10(min / 1.05)), 10 ** Math.ceil(Math.log10(max * 1.05))];
}

function draw(sweep) {
  const shown = sweep.cells[0].rows.map((row, i) => i).filter(i => drawn(sweep.cells[0].rows[i]));
  const place = sweep.place;
  place.replaceChildren();
  const axis = { stroke: color('soft'), font: '12px system-ui, sans-serif',
    grid: { stroke: color('line'), width: 1 }, ticks: { show: false } };
  const { metric } = chosen;
  sweep.plot = new uPlot({
    width: place.clientWidth, height: Math.max(250, Math.min(330, place.clientWidth * .62)),
    padding: [10, 14, 0, 0], legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: (u, min, max) => [-.3, max + .3] },
      y: metric.log ? { distr: 3, range: logRange }
        : { range: (u, min, max) => [0, Math.max(1, max * 1.08)] } },
    axes: [{ ...axis, size: 30, splits: () => sweep.cells.map((cell, x) => x),
      values: (u, places) => places.map(x => sweep.cells[x][sweep.experiment.axis].toLocaleString('en')) },
    { ...axis, size: 62, grid: { ...axis.grid, filter: onGrid }, filter: onGrid,
      values: (u, places) => places.map(v => v == null ? '' : short(metric, v)) }],
    series: [{}, ...shown.map(i => ({ stroke: color(sweep.cells[0].rows[i].mode), width: 2,
      dash: dashOf(sweep.cells[0].rows[i]),
      points: { show: false } }))],
    hooks: {
      draw: [plot => shown.forEach((i, n) => hollowPoints(plot, n + 1, rowsOf(sweep, i)))],
      setCursor: [tipFor(sweep, shown, place)],
    },
  }, [sweep.cells.map((cell, x) => x), ...shown.map(i => rowsOf(sweep, i).map(valueOf))], place);
}

// On an axis there is no need for the decimals of a result.
function short(metric, value) {
  return metric.show(value).replace(/(\.\d*?)0+(?= )/, '$1').replace(/\.(?= )/, '');
}

const drawAll = () => sweeps.forEach(draw);

function choices(place, options, isOn, choose) {
  const buttons = options.map(option => {
    const button = el('button', { type: 'button' }, option.name);
    button.addEventListener('click', () => { choose(option); refresh(); drawAll(); });
    return button;
  });
  const refresh = () => buttons.forEach((button, i) => button.setAttribute('aria-pressed', isOn(options[i])));
  refresh();
  document.getElementById(place).append(...buttons);
}

function showLegend() {
  const legend = document.getElementById('legend');
  legend.replaceChildren(...sweeps[0].cells[0].rows.filter(row => !isAgain(row) && (chosen.peers || !isPeer(row)))
    .map(row => {
      const button = el('button', { type: 'button', 'aria-pressed': !chosen.hidden.has(row.key) });
      button.innerHTML = `<svg viewBox="0 0 26 8"><path d="M0 4H26" style="stroke:var(--${row.mode})"`
        + ` stroke-width="3" stroke-dasharray="${dashOf(row).join(' ') || 'none'}"/></svg>`;
      button.append(row.label);
      button.addEventListener('click', () => {
        if (!chosen.hidden.delete(row.key)) chosen.hidden.add(row.key);
        showLegend();
        drawAll();
      });
      return button;
    }));
}

function begin() {
  for (const sweep of sweeps) {
    sweep.place = el('div', { class: 'plot' });
    document.getElementById('charts').append(el('div', { class: 'card' }, el('h2', {}, sweep.experiment.title),
      el('p', { class: 'hint' }, `${sweep.experiment.about}; by ${sweep.experiment.unit}`), sweep.place));
  }
  const explain = () => { document.getElementById('explain').textContent = chosen.metric.explain; };
  choices('metrics', metrics, m => m === chosen.metric, m => { chosen.metric = m; explain(); });
  if (results.facts.peers.length)
    choices('who', [{ name: 'With peers', peers: true }, { name: 'Only C', peers: false }],
      o => o.peers === chosen.peers, o => { chosen.peers = o.peers; showLegend(); });
  explain();
  showLegend();
  drawAll();
  themeChanged.push(drawAll);
  let width = innerWidth;
  addEventListener('resize', () => { if (innerWidth !== width) { width = innerWidth; drawAll(); } });
}
begin();
