/**
 * ClickHouse's type texts taken apart: `Nullable(DateTime64(6, 'UTC'))`, `Tuple(a Int8, b String)`.
 * Runs once a column. Allocations: the tree. Copies: none. Owner: the caller. Watched by
 * `values.bench.ts` through the columns it opens.
 */

/** What a type's text says: its name, and what stands in its parentheses. */
export type TypeNode = {
  /** The text as it was given. */
  readonly text: string;
  readonly name: string;
  readonly args: readonly TypeArg[];
};

export type TypeArg =
  | { readonly kind: 'type'; readonly name?: string; readonly type: TypeNode }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string };

/** A type that is misspelt, or that no column here can hold. */
export class TypeTextError extends Error {
  override readonly name: string = 'TypeTextError';
}

/** How deep types may be nested; ClickHouse itself parses no deeper than some hundred. */
const depthMax = 32;

/** The tree of `text`. Throws {@link TypeTextError} with the character where it goes wrong. */
export function parseType(text: string): TypeNode {
  const reader = new Reader(text);
  const node = reader.type(0);
  reader.end();
  return node;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  type(depth: number): TypeNode {
    if (depth > depthMax) throw this.#error(`at most ${depthMax} types inside one another`);
    const start = this.#blanks();
    const name = this.#match(/[A-Za-z_][A-Za-z_0-9]*/y) ?? this.#fail('the name of a type');
    const args: TypeArg[] = [];
    if (this.#take('(')) {
      do args.push(this.#argument(depth + 1));
      while (this.#take(','));
      if (!this.#take(')')) throw this.#error('`,` or `)`');
    }
    return { text: this.#text.slice(start, this.#at), name, args };
  }

  end(): void {
    if (this.#blanks() < this.#text.length) throw this.#error('the end');
  }

  #argument(depth: number): TypeArg {
    this.#blanks();
    const digits = this.#match(/\d{1,9}/y);
    if (digits !== undefined) return { kind: 'number', value: Number(digits) };
    const quoted = this.#match(/'(?:[^'\\]|\\.|'')*'/sy);
    if (quoted !== undefined) return { kind: 'text', value: unquoted(quoted) };
    const name = this.#match(/`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"/sy);
    if (name !== undefined) return { kind: 'type', name: unquoted(name), type: this.type(depth) };
    // A name stands before a type with nothing but blanks between them.
    const plain = this.#match(/[A-Za-z_][A-Za-z_0-9]*(?=\s+[A-Za-z_])/y);
    const type = this.type(depth);
    return plain === undefined ? { kind: 'type', type } : { kind: 'type', name: plain, type };
  }

  #take(sign: string): boolean {
    const at = this.#blanks();
    if (this.#text[at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): number {
    this.#match(/\s+/y);
    return this.#at;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(expected: string): never {
    throw this.#error(expected);
  }

  #error(expected: string): TypeTextError {
    const place = `at character ${this.#at + 1}`;
    return new TypeTextError(
      `column type ${JSON.stringify(this.#text)}: expected ${expected} ${place}`,
    );
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', 0: '\0', b: '\b' };

function unquoted(quoted: string): string {
  const quote = quoted[0]!;
  return quoted
    .slice(1, -1)
    .replace(/\\(.)|(['"`])\2/gs, (both, escaped: string | undefined, twice: string) => {
      if (escaped !== undefined) return escapes[escaped] ?? escaped;
      return twice === quote ? twice : both;
    });
}
