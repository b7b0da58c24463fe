/**
 * What a request's text is: its kind, the output format it names, and for an INSERT where the
 * statement ends and the data begin. Only the first {@link statementBytesMax} bytes are looked at,
 * the same limit that ClickHouse sets for a statement.
 */
import { engineError } from './exception.ts';
import { type Token, tokenize } from './lexer.ts';

/** ClickHouse's `max_query_size`. */
const statementBytesMax = 262_144;

export type Statement = {
  readonly kind: 'insert' | 'other';
  /** The first word, upper case, for the query log. */
  readonly verb: string;
  /** The statement; of an INSERT with data, only up to where the data begin. */
  readonly sql: string;
  /** Of an INSERT with data: `sql` without its FORMAT or VALUES, cut where a source may stand. */
  readonly insert: { readonly head: string; readonly settings: string } | undefined;
  /** For an INSERT whose rows come as data: the bytes after the statement, maybe none yet. */
  readonly data: Uint8Array | undefined;
  /** The format named by a FORMAT clause: of the result, or of the inserted data. */
  readonly format: string | undefined;
  readonly tokens: readonly Token[];
};

/**
 * The statement of a request: its text may stand in the URL, in the body, or start in the one and
 * go on in the other. Data after an INSERT in the URL are the body as it is, not copied.
 */
export function statementOf(query: string, body: Buffer): Statement {
  if (query === '') return parseStatement(body);
  const head = parseStatement(Buffer.from(query));
  if (body.length === 0) return head;
  if (head.data !== undefined && head.data.length === 0) return { ...head, data: body };
  return parseStatement(Buffer.concat([Buffer.from(`${query}\n`), body]));
}

/** Splits the text of a request; it must be one statement. */
function parseStatement(bytes: Uint8Array): Statement {
  const tokens: Token[] = [];
  let depth = 0;
  let hasSelect = false;
  let end = bytes.length;
  for (const token of tokenize(bytes.subarray(0, statementBytesMax))) {
    const previous = tokens.at(-1);
    if (token.kind === 'semicolon' && depth === 0) {
      end = token.start;
      const rest = tokenize(bytes.subarray(token.end)).next();
      if (rest.done !== true) throw manyStatements();
      break;
    }
    tokens.push(token);
    if (token.text === '(' && token.kind === 'symbol') depth += 1;
    if (token.text === ')' && token.kind === 'symbol') depth -= 1;
    if (depth !== 0 || !isInsert(tokens)) continue;
    if (token.kind === 'word' && token.lower === 'select') hasSelect = true;
    if (token.kind === 'word' && token.lower === 'values' && !hasSelect) {
      // `VALUES` is the data's start unless it is the name of a table or a column.
      if (tokens.length > 2 && previous?.lower !== 'into' && previous?.text !== '.') {
        return insertWithData(bytes, tokens, token.end, 'Values');
      }
    }
    if (previous?.kind === 'word' && previous.lower === 'format' && token.kind === 'word') {
      if (token.lower !== 'values' || tokens.length > 3) {
        return insertWithData(bytes, tokens, token.end, token.text);
      }
    }
  }
  // What lies beyond has not been looked at, so the engine must not see it either.
  if (end > statementBytesMax) throw tooLong();
  return {
    kind: isInsert(tokens) ? 'insert' : 'other',
    verb: (tokens[0]?.text ?? '').toUpperCase(),
    sql: decode(bytes.subarray(0, end)),
    insert: undefined,
    data: undefined,
    format: formatOf(tokens),
    tokens,
  };
}

function insertWithData(
  bytes: Uint8Array,
  tokens: readonly Token[],
  end: number,
  format: string,
): Statement {
  // One line break (or blanks up to it) belongs to the statement, everything after to the data.
  let at = end;
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at += 1;
  if (bytes[at] === 0x0a) at += 1;
  else if (format === 'Native' || format.startsWith('RowBinary')) at = Math.min(end + 1, at);
  if (bytes[at] === 0x3b && at === bytes.length - 1) at += 1;
  return {
    kind: 'insert',
    verb: 'INSERT',
    sql: decode(bytes.subarray(0, end)),
    insert: cutInsert(bytes, tokens),
    data: bytes.subarray(at),
    format,
    tokens,
  };
}

/** `FROM INFILE` stands before SETTINGS, and both before FORMAT. */
function cutInsert(
  bytes: Uint8Array,
  tokens: readonly Token[],
): { readonly head: string; readonly settings: string } {
  const last = tokens.at(-1) as Token;
  const word = last.lower === 'values' ? last : (tokens.at(-2) as Token);
  const formatStart =
    tokens.at(-2)?.lower === 'format' ? (tokens.at(-2) as Token).start : word.start;
  let depth = 0;
  let settingsStart = formatStart;
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.text === '(') depth += 1;
    if (token.kind === 'symbol' && token.text === ')') depth -= 1;
    if (depth === 0 && token.kind === 'word' && token.lower === 'settings') {
      settingsStart = token.start;
    }
  }
  return {
    head: decode(bytes.subarray(0, settingsStart)),
    settings: decode(bytes.subarray(settingsStart, formatStart)),
  };
}

function isInsert(tokens: readonly Token[]): boolean {
  return tokens[0]?.kind === 'word' && tokens[0].lower === 'insert';
}

/** The last `FORMAT name` outside of brackets. */
function formatOf(tokens: readonly Token[]): string | undefined {
  let depth = 0;
  let format: string | undefined;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    if (token.kind === 'symbol' && token.text === '(') depth += 1;
    if (token.kind === 'symbol' && token.text === ')') depth -= 1;
    if (depth !== 0 || token.kind !== 'word' || token.lower !== 'format') continue;
    const next = tokens[index + 1];
    if (next?.kind === 'word') format = next.text;
  }
  return format;
}

function tooLong(): Error {
  return engineError(
    'SYNTAX_ERROR',
    `Syntax error: Max query size exceeded (${statementBytesMax} bytes)`,
  );
}

function manyStatements(): Error {
  return engineError('SYNTAX_ERROR', 'Syntax error: Multi-statements are not allowed');
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
