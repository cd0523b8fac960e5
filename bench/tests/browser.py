# SPDX-License-Identifier: MIT
"""Headless Chromium opens a page, presses its buttons, and says what is on its canvases: pixels, not DOM.

A script in the page counts, canvas by canvas and for each way's colour, the pixels near that colour.
The colours are those of the page's own style sheet, so the two themes need no numbers here.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile

FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--hide-scrollbars', '--virtual-time-budget=5000', '--dump-dom']

CATCH = "<script>window.errors = []; addEventListener('error', e => errors.push(e.message));</script>"

LOOK = """<script>
function pixels() {
  const names = ['serial', 'threads', 'pool', 'block', 'yield', 'offload'];
  const style = getComputedStyle(document.documentElement);
  const colors = names.map(name => parseInt(style.getPropertyValue('--' + name).trim().slice(1), 16));
  return [...document.querySelectorAll('#charts canvas')].map(canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = Object.fromEntries(names.map(name => [name, 0]));
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] < 200) continue;
      colors.forEach((color, n) => {
        const far = Math.max(Math.abs(data[i] - (color >> 16)), Math.abs(data[i + 1] - (color >> 8 & 255)),
          Math.abs(data[i + 2] - (color & 255)));
        if (far < 12) found[names[n]]++;
      });
    }
    return found;
  });
}
const press = name => [...document.querySelectorAll('button')].find(b => b.textContent === name).click();
const painted = () => new Promise(done => setTimeout(done, 50));
addEventListener('load', async () => {
  const seen = { errors, width: innerWidth, needed: document.documentElement.scrollWidth,
    back: getComputedStyle(document.body).backgroundColor, text: getComputedStyle(document.body).color };
  await painted();
  seen.first = pixels();
  for (const [name, buttons] of Object.entries(PRESSES)) {
    buttons.forEach(press);
    await painted();
    seen[name] = pixels();
  }
  const over = document.querySelector('#charts .u-over'), box = over.getBoundingClientRect();
  for (const name of ['mouseenter', 'mousemove'])
    over.dispatchEvent(new MouseEvent(name, { clientX: box.left + 60, clientY: box.top + 60, bubbles: true }));
  await painted();
  const tip = document.querySelector('#charts .tip');
  seen.tip = { text: tip.innerText, shown: getComputedStyle(tip).display !== 'none' };
  seen.fetched = performance.getEntriesByType('resource').map(entry => entry.name);
  parent.postMessage(seen, '*');
});
</script>"""

# Chromium's windows are 500 px wide at least: a frame may be as narrow as a phone.
FRAME = """<!doctype html><body style="margin:0"><script>
addEventListener('message', e => document.body.append(
  Object.assign(document.createElement('pre'), { id: 'seen', textContent: JSON.stringify(e.data) })));
</script><iframe src="page.html" width="WIDTH" height="900" style="border:0"></iframe>"""


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def find():
    return shutil.which('chromium') or shutil.which('chromium-browser')


def look(page, dark=False, width=1200, presses=None):
    """presses: name -> labels of buttons, pressed in that order; returns the counts after each."""
    with open(page, encoding='utf-8') as file:
        html = file.read()
    html = html.replace('<header>', CATCH + '<header>', 1)
    html = html.replace('</html>', LOOK.replace('PRESSES', json.dumps(presses or {})) + '</html>')
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, 'page.html'), html)
        write(os.path.join(folder, 'frame.html'), FRAME.replace('WIDTH', str(width)))
        dom = subprocess.run([find(), *FLAGS, f'--user-data-dir={folder}/profile', '--window-size=1300,1000',
                              f'--blink-settings=preferredColorScheme={0 if dark else 1}',
                              f'file://{folder}/frame.html'],
                             capture_output=True, text=True, timeout=120).stdout
    seen = re.search(r'<pre id="seen">(.*?)</pre>', dom, re.S)
    if not seen:
        raise AssertionError('the page said nothing: ' + dom[-500:])
    return json.loads(seen[1].replace('&lt;', '<').replace('&gt;', '>').replace('&amp;', '&'))
