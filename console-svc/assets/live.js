/**
 * Keeps a live page fresh: takes the sections that the service says have changed, and puts them in
 * the place of the old ones. Keyboard focus stays where it was; a section in which text is selected
 * waits. Nothing is made here of anything but what the service has escaped already.
 */
const main = document.getElementById('main');
const state = document.getElementById('live-state');
const pause = document.getElementById('live-pause');
const waiting = new Map();
let source;

function say(text) {
  if (state.textContent !== text) state.textContent = text; // said once by those who read aloud
}

function open() {
  source = new EventSource(main.dataset.live);
  source.addEventListener('open', () => say('Live'));
  source.addEventListener('error', () => say('Not connected, trying again'));
  source.addEventListener('signed-out', () => location.reload());
  source.addEventListener('sections', ({ data }) => {
    for (const [id, html] of Object.entries(JSON.parse(data))) waiting.set(id, html);
    show();
  });
}

function close() {
  source.close();
  source = undefined;
}

function show() {
  for (const [id, html] of waiting) {
    const section = document.getElementById(id);
    if (section !== null && hasSelection(section)) continue;
    waiting.delete(id);
    if (section !== null) replace(section, html);
  }
}

function hasSelection(section) {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(section, true);
}

function replace(section, html) {
  const focused = section.contains(document.activeElement) ? document.activeElement : null;
  const href = focused?.getAttribute('href');
  section.innerHTML = html;
  if (href === null || href === undefined) return;
  const again = [...section.querySelectorAll('a')].find((a) => a.getAttribute('href') === href);
  again?.focus({ preventScroll: true });
}

pause.hidden = false;
pause.addEventListener('click', () => {
  const isPaused = source !== undefined;
  if (isPaused) close();
  else open();
  pause.setAttribute('aria-pressed', String(isPaused));
  pause.textContent = isPaused ? 'Go on' : 'Pause';
  say(isPaused ? 'Paused' : 'Live');
});
// A page that nobody sees asks for nothing.
document.addEventListener('visibilitychange', () => {
  if (pause.getAttribute('aria-pressed') === 'true') return;
  if (document.hidden && source !== undefined) close();
  if (!document.hidden && source === undefined) open();
});
open();
