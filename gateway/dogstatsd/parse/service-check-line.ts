/** Service checks: `_sc|name|status|…` (DSD-10). Rare, so they may allocate. */
import { ignored, type ParseCounts } from './counts.ts';
import { pipeAt, readSeconds, splitTags, startsWith, textOf, withNewlines } from './text.ts';

export type ServiceCheckLine = {
  readonly name: string;
  /** 0 ok, 1 warning, 2 critical, 3 unknown. */
  readonly status: number;
  /** Unix seconds; 0 when the line does not say. */
  readonly timestampSeconds: number;
  /** These are empty when the line does not say. */
  readonly host: string;
  readonly message: string;
  readonly tags: readonly string[];
  /** What stood behind `c:` and `e:`; clients write them behind the message. */
  readonly origin: string;
  readonly external: string;
};

const markBytes = '_sc|'.length;
const statusMax = 3;

/** The check in `source[from, end)`; undefined without a name or a status of 0 to 3. */
export function parseServiceCheck(
  source: Uint8Array,
  from: number,
  end: number,
  counts: ParseCounts,
): ServiceCheckLine | undefined {
  const nameFrom = from + markBytes;
  const nameEnd = pipeAt(source, nameFrom, end);
  if (nameEnd === nameFrom || nameEnd >= end) return undefined;
  const statusEnd = pipeAt(source, nameEnd + 1, end);
  const status = source[nameEnd + 1]! - 0x30;
  if (statusEnd - nameEnd !== 2 || status < 0 || status > statusMax) return undefined;
  let check: ServiceCheckLine = {
    name: textOf(source, nameFrom, nameEnd),
    status,
    timestampSeconds: 0,
    host: '',
    message: '',
    tags: [],
    origin: '',
    external: '',
  };
  for (let at = statusEnd; at < end; ) {
    const fieldEnd = pipeAt(source, at + 1, end);
    const change = optionalField(source, at + 1, fieldEnd, counts);
    if (change !== undefined) check = { ...check, ...change };
    at = fieldEnd;
  }
  return check;
}

/** What a field changes; undefined, and counted, when it is unknown or wrong. */
function optionalField(
  source: Uint8Array,
  from: number,
  end: number,
  counts: ParseCounts,
): Partial<ServiceCheckLine> | undefined {
  const starts = (word: string): boolean => startsWith(source, from, end, word);
  const rest = (size: number): string => textOf(source, from + size, end);
  if (starts('#')) return { tags: splitTags(rest(1)) };
  if (starts('h:')) return { host: rest(2) };
  if (starts('m:')) return { message: withNewlines(rest(2)) };
  if (starts('c:')) return { origin: rest(2) };
  if (starts('e:')) return { external: rest(2) };
  if (starts('card:')) return {};
  if (starts('d:')) {
    const timestampSeconds = readSeconds(source, from + 2, end);
    if (timestampSeconds > 0) return { timestampSeconds };
  }
  counts.ignored[ignored.serviceCheckField]! += 1;
  return undefined;
}
