/** Events: `_e{titleBytes,textBytes}:title|text|…` (DSD-9). Rare, so they may allocate. */
import { ignored, type ParseCounts } from './counts.ts';
import { pipeAt, readSeconds, splitTags, startsWith, textOf, withNewlines } from './text.ts';

const priorities = ['normal', 'low'] as const;
const alertTypes = ['info', 'error', 'warning', 'success'] as const;

export type EventLine = {
  readonly title: string;
  readonly text: string;
  readonly priority: (typeof priorities)[number];
  readonly alertType: (typeof alertTypes)[number];
  /** Unix seconds; 0 when the line does not say. */
  readonly timestampSeconds: number;
  /** These four are empty when the line does not say. */
  readonly host: string;
  readonly aggregationKey: string;
  readonly sourceType: string;
  readonly tags: readonly string[];
  /** What stood behind `c:` and `e:`. */
  readonly origin: string;
  readonly external: string;
};

const lengthDigitsMax = 9;
const headerForm: RegExp = new RegExp(
  `^_e\\{(\\d{1,${lengthDigitsMax}}),(\\d{1,${lengthDigitsMax}})\\}:`,
);
/** The longest header that fits the form. */
const headerBytesMax = 2 * lengthDigitsMax + 6;

/**
 * The event in `source[from, end)`; undefined when its header, its lengths (of UTF-8 bytes) or the
 * pipes that must stand behind title and text are wrong. A wrong optional field is passed over and
 * counted.
 */
export function parseEvent(
  source: Uint8Array,
  from: number,
  end: number,
  counts: ParseCounts,
): EventLine | undefined {
  const head = textOf(source, from, Math.min(end, from + headerBytesMax));
  const [header, titleBytes, textBytes] = headerForm.exec(head) ?? [];
  if (header === undefined || Number(titleBytes) === 0) return undefined;
  const titleFrom = from + header.length;
  const titleEnd = titleFrom + Number(titleBytes);
  const textEnd = titleEnd + 1 + Number(textBytes);
  // Lengths that count characters instead of bytes give themselves away here.
  if (textEnd > end || source[titleEnd] !== 0x7c) return undefined;
  if (textEnd < end && source[textEnd] !== 0x7c) return undefined;
  let event: EventLine = {
    title: withNewlines(textOf(source, titleFrom, titleEnd)),
    text: withNewlines(textOf(source, titleEnd + 1, textEnd)),
    priority: 'normal',
    alertType: 'info',
    timestampSeconds: 0,
    host: '',
    aggregationKey: '',
    sourceType: '',
    tags: [],
    origin: '',
    external: '',
  };
  for (let at = textEnd; at < end; ) {
    const fieldEnd = pipeAt(source, at + 1, end);
    const change = optionalField(source, at + 1, fieldEnd, counts);
    if (change !== undefined) event = { ...event, ...change };
    at = fieldEnd;
  }
  return event;
}

/** What a field changes; undefined, and counted, when it is unknown or wrong. */
function optionalField(
  source: Uint8Array,
  from: number,
  end: number,
  counts: ParseCounts,
): Partial<EventLine> | undefined {
  const starts = (word: string): boolean => startsWith(source, from, end, word);
  const rest = (size: number): string => textOf(source, from + size, end);
  if (starts('#')) return { tags: splitTags(rest(1)) };
  if (starts('h:')) return { host: rest(2) };
  if (starts('k:')) return { aggregationKey: rest(2) };
  if (starts('s:')) return { sourceType: rest(2) };
  if (starts('c:')) return { origin: rest(2) };
  if (starts('e:')) return { external: rest(2) };
  if (starts('card:')) return {};
  if (starts('d:')) {
    const timestampSeconds = readSeconds(source, from + 2, end);
    if (timestampSeconds > 0) return { timestampSeconds };
  }
  const priority = priorities.find((word) => starts('p:') && rest(2) === word);
  if (priority !== undefined) return { priority };
  const alertType = alertTypes.find((word) => starts('t:') && rest(2) === word);
  if (alertType !== undefined) return { alertType };
  counts.ignored[ignored.eventField]! += 1;
  return undefined;
}
