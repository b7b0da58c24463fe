/** Keys that work everywhere on the page: search, time, go to, help, refresh, move in time. */
import { signal } from '@preact/signals';
import { change, range, reload, soloPanel, span, summaries } from './state.ts';
import { shiftRange, widenRange } from './time.ts';

/** Which pop-up of the header is open. */
export const openPopup = signal<'none' | 'time' | 'go' | 'help'>('none');

export const shortcuts: readonly (readonly [keys: string, what: string])[] = [
  ['/', 'search: the first text filter of this dashboard'],
  ['t', 'time range'],
  ['g', 'all dashboards; 1 to 9 open one directly'],
  ['r', 'refresh now'],
  ['← →', 'move half a range back or on'],
  ['−', 'zoom out'],
  ['↑ ↓', 'move in a list, a table or a trace'],
  ['Enter', 'open what is focused'],
  ['Esc', 'close; leave a single panel'],
  ['?', 'this help'],
];

export function listenToKeys(): void {
  document.addEventListener('keydown', onKey);
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    leave();
    return;
  }
  if (isTyping(event.target)) return;
  const done = act(event.key, event.target);
  if (done) event.preventDefault();
}

function leave(): void {
  if (openPopup.value !== 'none') openPopup.value = 'none';
  else if (soloPanel.value !== 0 && document.querySelector('dialog[open]') === null) {
    change({ soloPanel: 0 });
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
  );
}

function act(key: string, target: EventTarget | null): boolean {
  if (/^[1-9]$/.test(key) && openPopup.value === 'go') return openNth(Number(key) - 1);
  switch (key) {
    case '/':
      return focusSearch();
    case 't':
      openPopup.value = openPopup.value === 'time' ? 'none' : 'time';
      return true;
    case 'g':
      openPopup.value = openPopup.value === 'go' ? 'none' : 'go';
      return true;
    case '?':
      openPopup.value = openPopup.value === 'help' ? 'none' : 'help';
      return true;
    case 'r':
      reload();
      return true;
    case '-':
      change({ range: widenRange(span.value.fromMs, span.value.toMs) });
      return true;
    case 'ArrowLeft':
    case 'ArrowRight':
      return moveInTime(key === 'ArrowLeft' ? -1 : 1, target);
  }
  return false;
}

/** Arrows belong to the list that has the focus, if one has it. */
function moveInTime(direction: -1 | 1, target: EventTarget | null): boolean {
  if (target instanceof Element && target.closest('[role=tree], [role=grid], .scroll-x'))
    return false;
  if (range.value.to === 'now' && direction === 1) return true;
  change({ range: shiftRange(span.value.fromMs, span.value.toMs, direction) });
  return true;
}

function focusSearch(): boolean {
  const input = document.querySelector<HTMLInputElement>(
    '.variables input[type=search], .find input',
  );
  input?.focus();
  input?.select();
  return input !== null;
}

function openNth(index: number): boolean {
  const links = document.querySelectorAll<HTMLAnchorElement>('nav.boards a');
  if (summaries.value[index] === undefined) return false;
  openPopup.value = 'none';
  links[index]?.click();
  return true;
}
