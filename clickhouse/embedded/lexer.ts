/**
 * ClickHouse SQL into tokens, over bytes: enough to see what kind of statement a text is, where
 * an INSERT's data begin, and which functions it names. Bytes, because the data that follow an
 * INSERT need not be text. It never judges grammar; the engine does.
 *
 * The guard relies on it, so it must never take for a string or a comment what the engine reads
 * as code. Comments nest, `//` and `# ` start one too, as tried on the engine. What only the
 * engine's own lexer could tell apart outside of quotes (typographic quotes and blanks, control
 * characters, a lone `$`) is refused.
 */
import { engineError } from './exception.ts';

type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'symbol' | 'semicolon';

export type Token = {
  readonly kind: TokenKind;
  /** The word or symbol as written; the content of a quoted identifier or a string. */
  readonly text: string;
  /** The text in lower case, for comparing words. */
  readonly lower: string;
  readonly start: number;
  readonly end: number;
};

const space = 0x20;
const newline = 0x0a;

/**
 * Yields the tokens of `bytes` one at a time, so that a caller may stop before an INSERT's data.
 * An unclosed quote ends the sequence: the engine will report it.
 */
export function* tokenize(bytes: Uint8Array): Generator<Token, void, undefined> {
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === space || (byte >= 0x09 && byte <= 0x0d)) {
      at += 1;
      continue;
    }
    if (byte < space || byte >= 0x7f) throw unreadable(byte, at);
    const afterComment = skipComment(bytes, at);
    if (afterComment !== at) {
      at = afterComment;
      continue;
    }
    const token = readToken(bytes, at);
    if (token === undefined) return;
    yield token;
    at = token.end;
  }
}

function readToken(bytes: Uint8Array, at: number): Token | undefined {
  const byte = bytes[at] ?? 0;
  if (byte === 0x27) return readQuoted(bytes, at, 0x27, 'string');
  if (byte === 0x60 || byte === 0x22) return readQuoted(bytes, at, byte, 'quoted');
  if (byte === 0x24) {
    const heredoc = readHeredoc(bytes, at);
    if (heredoc === undefined) throw unreadable(byte, at);
    return heredoc;
  }
  if (isWordByte(byte)) {
    let end = at + 1;
    while (end < bytes.length && isWordByte(bytes[end] ?? 0)) end += 1;
    const digit = byte >= 0x30 && byte <= 0x39;
    return makeToken(digit ? 'number' : 'word', bytes, at, end, at, end);
  }
  return makeToken(byte === 0x3b ? 'semicolon' : 'symbol', bytes, at, at + 1, at, at + 1);
}

/** `-- …`, `// …`, `# …` and `#! …` to the end of the line, and C comments, which nest. */
function skipComment(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  const next = bytes[at + 1];
  const doubled = (byte === 0x2d || byte === 0x2f) && next === byte;
  const hash = byte === 0x23 && (next === space || next === 0x21);
  if (doubled || hash) {
    const end = bytes.indexOf(newline, at);
    return end === -1 ? bytes.length : end + 1;
  }
  if (byte !== 0x2f || next !== 0x2a) return at;
  let depth = 1;
  let end = at + 2;
  while (end < bytes.length && depth > 0) {
    if (bytes[end] === 0x2f && bytes[end + 1] === 0x2a) {
      depth += 1;
      end += 2;
    } else if (bytes[end] === 0x2a && bytes[end + 1] === 0x2f) {
      depth -= 1;
      end += 2;
    } else {
      end += 1;
    }
  }
  return Math.min(end, bytes.length);
}

function readQuoted(
  bytes: Uint8Array,
  at: number,
  quote: number,
  kind: TokenKind,
): Token | undefined {
  for (let end = at + 1; end < bytes.length; end += 1) {
    if (bytes[end] === 0x5c) {
      end += 1;
    } else if (bytes[end] === quote) {
      if (bytes[end + 1] !== quote) return makeToken(kind, bytes, at, end + 1, at + 1, end);
      end += 1;
    }
  }
  return undefined;
}

/** `$tag$ … $tag$`: a string without escapes. */
function readHeredoc(bytes: Uint8Array, at: number): Token | undefined {
  let tagEnd = at + 1;
  while (bytes[tagEnd] !== 0x24 && isWordByte(bytes[tagEnd] ?? 0)) tagEnd += 1;
  if (bytes[tagEnd] !== 0x24) return undefined;
  const tag = Buffer.from(bytes.buffer, bytes.byteOffset + at, tagEnd + 1 - at);
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const close = whole.indexOf(tag, tagEnd + 1);
  if (close === -1) return undefined;
  return makeToken('string', bytes, at, close + tag.length, tagEnd + 1, close);
}

function makeToken(
  kind: TokenKind,
  bytes: Uint8Array,
  start: number,
  end: number,
  textStart: number,
  textEnd: number,
): Token {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + textStart, textEnd - textStart);
  let text = raw.toString('utf8');
  // Escapes would let `fi\x6ce` pass for another name: undo what the engine undoes.
  if (kind === 'quoted') text = unescapeIdentifier(text);
  return { kind, text, lower: text.toLowerCase(), start, end };
}

function unescapeIdentifier(text: string): string {
  return text
    .replace(/\\x([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\\(.)/gs, '$1')
    .replace(/``/g, '`')
    .replace(/""/g, '"');
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x5f ||
    byte === 0x24
  );
}

function unreadable(byte: number, at: number): Error {
  const hex = byte.toString(16).padStart(2, '0');
  return engineError(
    'SYNTAX_ERROR',
    `Syntax error: byte 0x${hex} at position ${at + 1} may only stand inside quotes or a comment`,
  );
}
