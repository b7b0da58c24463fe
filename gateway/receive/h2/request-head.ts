/**
 * Fields of a request's head as headers, or that they are malformed (RFC 9113, section 8). What is
 * malformed is refused, never repaired: two readers who repair differently are how requests get
 * smuggled.
 */

export type Head = {
  readonly headers: Readonly<Record<string, string>>;
  /** What `content-length` promises. */
  readonly contentBytes: number | undefined;
};

/** Of a connection, not of a request; HTTP/2 has other means (section 8.2.2). */
const forbidden: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const pseudoNames: ReadonlySet<string> = new Set([':method', ':scheme', ':path', ':authority']);
const namePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const badValuePattern = /[\0\r\n]|^[ \t]|[ \t]$/;

/** Undefined when malformed. */
export function readHead(fields: readonly string[]): Head | undefined {
  const headers: Record<string, string> = Object.create(null);
  let isBehindPseudo = false;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? '';
    const value = fields[index + 1] ?? '';
    if (name.startsWith(':')) {
      if (isBehindPseudo || !pseudoNames.has(name) || name in headers) return undefined;
      if (badValuePattern.test(value)) return undefined;
      headers[name] = value;
      continue;
    }
    isBehindPseudo = true;
    if (!isPlain(name, value)) return undefined;
    const before = headers[name];
    // The first one counts where a list makes no sense, which is all that we read.
    if (before === undefined) headers[name] = value;
    else if (name === 'content-length' && before !== value) return undefined;
  }
  if (!headers[':method'] || !headers[':scheme'] || !headers[':path']) return undefined;
  const length = headers['content-length'];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  return { headers, contentBytes: length === undefined ? undefined : Number(length) };
}

/** Whether the fields may follow a body. */
export function areTrailers(fields: readonly string[]): boolean {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (!isPlain(fields[index] ?? '', fields[index + 1] ?? '')) return false;
  }
  return true;
}

function isPlain(name: string, value: string): boolean {
  if (!namePattern.test(name) || badValuePattern.test(value) || forbidden.has(name)) return false;
  return name !== 'te' || value === 'trailers';
}
