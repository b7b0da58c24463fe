/**
 * What the rows of an Influx body depend on besides its bytes, as the log keeps it: a query string
 * in one order, so that equal settings are equal texts.
 *
 * Off the hot path: once a request. Allocations: a few strings, unless the text is known. Copies:
 * none. Owner: nobody changes what is returned. What a request costs is in `influx.bench.ts`.
 */
import { type Precision, precisions } from './numbers.ts';

/** What becomes of string fields (INF-10). */
export type InfluxStrings = 'info' | 'logs';

export type InfluxParameters = {
  readonly precision: Precision;
  readonly database?: string | undefined;
  readonly retentionPolicy?: string | undefined;
  readonly organization?: string | undefined;
  readonly bucket?: string | undefined;
  readonly strings: InfluxStrings;
  /** How many days old strings may be that become log records; 0 is as old as the points. */
  readonly logsDays: number;
  /** Whether good lines are stored when others of the request are bad (INF-15). */
  readonly acceptsPartial: boolean;
};

const knownMax = 256;
const known = new Map<string, InfluxParameters>();

/** `precision=ns&db=telegraf&rp=autogen`; what is as usual is left out. */
export function writeParameters(parameters: InfluxParameters): string {
  const { precision, database, retentionPolicy, organization, bucket, strings } = parameters;
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['precision', precision],
    ['db', database],
    ['rp', retentionPolicy],
    ['org', organization],
    ['bucket', bucket],
    ['strings', strings === 'logs' ? strings : undefined],
    ['logs_days', strings === 'logs' ? String(parameters.logsDays) : undefined],
    ['partial', parameters.acceptsPartial ? undefined : 'no'],
  ];
  return entries
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escaped(String(value))}`)
    .join('&');
}

/** Only what would end a value or mean something else: a record's header has little room. */
function escaped(text: string): string {
  return text.replace(/[\0-\x20%&=+#]/g, encodeURIComponent);
}

/** What {@link writeParameters} wrote; of an empty text, what is usual. */
export function readParameters(text: string): InfluxParameters {
  let parameters = known.get(text);
  if (parameters === undefined) {
    if (known.size === knownMax) known.clear();
    parameters = parse(text);
    known.set(text, parameters);
  }
  return parameters;
}

function parse(text: string): InfluxParameters {
  const words = new URLSearchParams(text);
  const word = (key: string): string | undefined => words.get(key) ?? undefined;
  const precision = word('precision') ?? 'ns';
  return {
    precision: isPrecision(precision) ? precision : 'ns',
    database: word('db'),
    retentionPolicy: word('rp'),
    organization: word('org'),
    bucket: word('bucket'),
    strings: word('strings') === 'logs' ? 'logs' : 'info',
    logsDays: Number(word('logs_days') ?? 0),
    acceptsPartial: word('partial') !== 'no',
  };
}

function isPrecision(text: string): text is Precision {
  return text === 'auto' || Object.hasOwn(precisions, text);
}
