/**
 * What is on screen, and its copy in the address bar: dashboard, time range, variables, refresh
 * and zone. The address is the source of truth, so a link shares exactly what is seen and Back
 * goes back. Names of parameters are Grafana's.
 */
import { batch, computed, signal } from '@preact/signals';
import type { Dashboard, DashboardSummary, VariableValues } from './model.ts';
import { parseInterval, parseMoment, type TimeRange, type Zone } from './time.ts';
import { initialValues, usedVariables } from './variables.ts';

export type Theme = 'system' | 'light' | 'dark';

export const summaries = signal<readonly DashboardSummary[]>([]);
export const dashboard = signal<Dashboard | undefined>(undefined);
export const dashboardFault = signal<string | undefined>(undefined);
export const range = signal<TimeRange>({ from: 'now-15m', to: 'now' });
export const refresh = signal('10s');
export const zone = signal<Zone>('browser');
export const theme = signal<Theme>('system');
/** What a person chose; variables that nobody touched are not in it. */
const chosen = signal<VariableValues>({});
/** First choices of drop-downs that have no value of their own. */
export const firstChoices = signal<VariableValues>({});
/** Panel shown alone, 0 for none. */
export const soloPanel = signal(0);
/** Message while the engine or our server is away. */
export const away = signal<string | undefined>(undefined);
/** Counts up whenever everything is to be asked again. */
export const tick = signal(0);
/** Moment that the present was taken at for the current tick. */
const now = signal(Date.now());

/** Values of all variables of the dashboard: chosen, else first of the list, else initial. */
export const variables = computed<VariableValues>(() => {
  const list = dashboard.value?.templating.list ?? [];
  return { ...initialValues(list), ...firstChoices.value, ...known(chosen.value) };
});

/** The range in milliseconds, fixed until the next tick so that all panels agree. */
export const span = computed(() => {
  const nowMs = now.value;
  const from = parseMoment(range.value.from, nowMs, false, zone.value) ?? nowMs - 900_000;
  const to = parseMoment(range.value.to, nowMs, true, zone.value) ?? nowMs;
  return { fromMs: Math.min(from, to), toMs: Math.max(from, to, from + 1000) };
});

export const refreshMs = computed(() =>
  range.value.to.startsWith('now') ? parseInterval(refresh.value) : 0,
);

function known(values: VariableValues): VariableValues {
  const names = new Set(
    usedVariables(dashboard.value?.templating.list ?? []).map((each) => each.name),
  );
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

/** Asks everything again, with a new present. */
export function reload(): void {
  batch(() => {
    now.value = Date.now();
    tick.value += 1;
  });
}

export type Change = {
  readonly range?: TimeRange;
  readonly variables?: VariableValues;
  readonly refresh?: string;
  readonly zone?: Zone;
  readonly soloPanel?: number;
};

/** Changes what is on screen; the address follows, and Back undoes it. */
export function change(what: Change): void {
  batch(() => {
    now.value = Date.now();
    if (what.range !== undefined) range.value = what.range;
    if (what.variables !== undefined) chosen.value = { ...chosen.value, ...what.variables };
    if (what.refresh !== undefined) refresh.value = what.refresh;
    if (what.zone !== undefined) zone.value = what.zone;
    if (what.soloPanel !== undefined) soloPanel.value = what.soloPanel;
  });
  const address = addressOf(dashboard.value?.uid ?? '');
  if (address !== location.pathname + location.search) history.pushState(null, '', address);
}

/** The address of what is on screen, on the dashboard `uid`. */
function addressOf(uid: string, values: VariableValues = known(chosen.value)): string {
  const parameters = new URLSearchParams({ from: range.value.from, to: range.value.to });
  const initial = initialValues(dashboard.value?.templating.list ?? []);
  for (const [name, value] of Object.entries(values)) {
    if (same(value, initial[name])) continue;
    for (const each of typeof value === 'string' ? [value] : value) {
      parameters.append(`var-${name}`, each);
    }
  }
  if (refresh.value !== (dashboard.value?.refresh ?? '')) parameters.set('refresh', refresh.value);
  if (zone.value === 'utc') parameters.set('timezone', 'utc');
  if (soloPanel.value !== 0) parameters.set('viewPanel', String(soloPanel.value));
  return `/d/${encodeURIComponent(uid)}?${parameters}`;
}

/** The same range on another dashboard, with the service that is being looked at. */
export function menuAddress(uid: string): string {
  const parameters = new URLSearchParams({ from: range.value.from, to: range.value.to });
  const service = chosen.value['service'];
  for (const each of service === undefined ? [] : [service].flat()) {
    parameters.append('var-service', each);
  }
  if (zone.value === 'utc') parameters.set('timezone', 'utc');
  return `/d/${encodeURIComponent(uid)}?${parameters}`;
}

function same(a: string | readonly string[], b: string | readonly string[] | undefined): boolean {
  return JSON.stringify([a].flat()) === JSON.stringify([b ?? []].flat());
}

/** The dashboard that the address names; empty for the landing page. */
export function addressedUid(): string {
  return decodeURIComponent(/^\/d\/([^/]+)/.exec(location.pathname)?.[1] ?? '');
}

/** Takes everything from the address; `loaded` says what a silent address means. */
export function readAddress(loaded: Dashboard): void {
  const parameters = new URLSearchParams(location.search);
  const values: Record<string, string | readonly string[]> = {};
  for (const variable of usedVariables(loaded.templating.list)) {
    const given = parameters.getAll(`var-${variable.name}`);
    if (given.length === 0) continue;
    values[variable.name] = variable.multi === true ? given : (given[0] ?? '');
  }
  batch(() => {
    dashboard.value = loaded;
    now.value = Date.now();
    range.value = {
      from: parameters.get('from') ?? loaded.time?.from ?? 'now-15m',
      to: parameters.get('to') ?? loaded.time?.to ?? 'now',
    };
    refresh.value = parameters.get('refresh') ?? loaded.refresh ?? '';
    zone.value = parameters.get('timezone') === 'utc' ? 'utc' : 'browser';
    soloPanel.value = Number(parameters.get('viewPanel') ?? 0) || 0;
    chosen.value = values;
    firstChoices.value = {};
  });
  document.title = `${loaded.title} · obsctl`;
}

const themeKey = 'obsctl-theme';

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next === 'system') localStorage.removeItem(themeKey);
  else localStorage.setItem(themeKey, next);
  applyTheme();
}

export function readTheme(): void {
  const stored = localStorage.getItem(themeKey);
  if (stored === 'light' || stored === 'dark') theme.value = stored;
  applyTheme();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', applyTheme);
}

/** Counts up when colours change, so that canvases draw themselves again. */
export const themeTick = signal(0);

function applyTheme(): void {
  const dark =
    theme.value === 'dark' ||
    (theme.value === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  themeTick.value += 1;
}
