/**
 * Colours. Series take their colour from a palette whose neighbours differ for colour-blind eyes
 * and in grey print; services keep theirs everywhere because it is computed from the name. Names
 * of Grafana's JSON (`green`, `semi-dark-red`) become CSS variables, so both themes fit.
 */
export const seriesColours: readonly string[] = [
  'var(--series-1)',
  'var(--series-2)',
  'var(--series-3)',
  'var(--series-4)',
  'var(--series-5)',
  'var(--series-6)',
  'var(--series-7)',
  'var(--series-8)',
  'var(--series-9)',
  'var(--series-10)',
];

const named: Readonly<Record<string, string>> = {
  green: 'var(--green)',
  yellow: 'var(--yellow)',
  orange: 'var(--orange)',
  red: 'var(--red)',
  blue: 'var(--blue)',
  purple: 'var(--purple)',
  text: 'var(--text)',
  transparent: 'transparent',
};

/** CSS for a colour name of Grafana; hex and rgb pass through. */
export function cssColour(name: string): string {
  const plain = name.replace(/^(?:super-light|light|semi-dark|dark)-/, '');
  if (Object.hasOwn(named, plain)) return named[plain] ?? 'var(--text)';
  return /^(#[0-9a-f]{3,8}|rgba?\([\d., %]+\))$/i.test(name) ? name : 'var(--text-muted)';
}

const coloursKey = 'obsctl-service-colours';
const remembered = new Map<string, number>();
const rememberedMax = 500;

/**
 * The same colour for the same service on every page and every day: the name chooses it, and a
 * browser that has seen another service with that colour takes the next free one and remembers.
 */
export function serviceColour(service: string): string {
  if (remembered.size === 0) recall();
  let index = remembered.get(service);
  if (index === undefined) {
    index = freeColour(hashOf(service) % seriesColours.length);
    if (remembered.size < rememberedMax) {
      remembered.set(service, index);
      store();
    }
  }
  return seriesColours[index] ?? 'var(--blue)';
}

function freeColour(wanted: number): number {
  const taken = new Set(remembered.values());
  for (let step = 0; step < seriesColours.length; step += 1) {
    const index = (wanted + step) % seriesColours.length;
    if (!taken.has(index)) return index;
  }
  return wanted;
}

function recall(): void {
  try {
    const stored = JSON.parse(localStorage.getItem(coloursKey) ?? '{}') as Record<string, number>;
    for (const [service, index] of Object.entries(stored)) remembered.set(service, index);
  } catch {
    // Storage may be switched off; colours then follow from the names alone.
  }
}

function store(): void {
  try {
    localStorage.setItem(coloursKey, JSON.stringify(Object.fromEntries(remembered)));
  } catch {
    // As above.
  }
}

function hashOf(text: string): number {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Severity of a log level, as colour and as a letter that needs no colour. */
export function severityOf(level: string): { readonly colour: string; readonly rank: number } {
  const text = level.toLowerCase();
  if (/^(fatal|crit|emerg|alert|panic)/.test(text)) return { colour: 'var(--purple)', rank: 5 };
  if (/^err/.test(text)) return { colour: 'var(--red)', rank: 4 };
  if (/^warn/.test(text)) return { colour: 'var(--orange)', rank: 3 };
  if (/^(info|notice)/.test(text)) return { colour: 'var(--green)', rank: 2 };
  if (/^debug/.test(text)) return { colour: 'var(--blue)', rank: 1 };
  return { colour: 'var(--text-faint)', rank: 0 };
}

/** A CSS variable as the colour it stands for now, for canvas. */
export function resolved(colour: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1];
  if (name === undefined) return colour;
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
}

/** `colour` (hex) with `alpha`, for canvas fills. */
export function faded(colour: string, alpha: number): string {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour)?.[1];
  if (hex === undefined) return colour;
  const channel = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16);
  return `rgba(${channel(0)}, ${channel(2)}, ${channel(4)}, ${alpha})`;
}
