/** Types of PostgreSQL as a tree: what the bytes of a value are made of. */

export type PgType =
  | {
      readonly form: 'base';
      /** `pg_type.typname`, `int4`; outside `pg_catalog` only those of known extensions. */
      readonly name: string;
      /** `atttypmod`, or that of the domain; -1 without. Of `money` its count of decimals. */
      readonly modifier: number;
    }
  | { readonly form: 'enum' }
  | { readonly form: 'array'; readonly element: PgType }
  | { readonly form: 'composite'; readonly fields: readonly PgField[] }
  | { readonly form: 'range'; readonly bound: PgType }
  | { readonly form: 'multirange'; readonly bound: PgType }
  /** One that is read by its text alone. */
  | { readonly form: 'other'; readonly name: string };

type PgField = { readonly name: string; readonly type: PgType };

/** A row of `pg_type` and what belongs to it. */
export type TypeRow = {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  /** b, c, d, e, p, r, m. */
  readonly kind: string;
  readonly element: number;
  readonly isArray: boolean;
  readonly base: number;
  readonly baseModifier: number;
  /** Of a range its subtype; of a multirange too. */
  readonly bound: number;
  readonly hasRealCast: boolean;
};

export type FieldRow = {
  readonly composite: number;
  readonly name: string;
  readonly type: number;
  readonly modifier: number;
};

/** Types in types: a domain over an array of composites of ranges, and so on. */
const depthMax = 32;
/** Base types of extensions whose binary form is known, wherever they were installed. */
const extensionTypes = new Set(['citext', 'hstore']);

export class TypeCatalog {
  readonly #types = new Map<number, TypeRow>();
  readonly #fields = new Map<number, FieldRow[]>();

  readonly #moneyScale: number;

  constructor(types: readonly TypeRow[], fields: readonly FieldRow[], moneyScale: number) {
    this.#moneyScale = moneyScale;
    for (const type of types) this.#types.set(type.oid, type);
    for (const field of fields) {
      const list = this.#fields.get(field.composite);
      if (list === undefined) this.#fields.set(field.composite, [field]);
      else list.push(field);
    }
  }

  resolve(oid: number, modifier: number, depth = 0): PgType {
    const row = this.#types.get(oid);
    if (row === undefined || depth > depthMax) return { form: 'other', name: `oid ${oid}` };
    const inner = (type: number, its = -1): PgType => this.resolve(type, its, depth + 1);
    if (row.kind === 'd') {
      return inner(row.base, row.baseModifier);
    }
    if (row.isArray) return { form: 'array', element: inner(row.element, modifier) };
    if (row.kind === 'e') return { form: 'enum' };
    if (row.kind === 'r') return { form: 'range', bound: inner(row.bound) };
    if (row.kind === 'm') return { form: 'multirange', bound: inner(row.bound) };
    // pgvector's has a cast, so that its own binary form need not be known.
    if (row.name === 'vector' && row.hasRealCast) return { form: 'base', name: 'vector', modifier };
    if (row.kind === 'c') {
      const fields = this.#fields.get(oid) ?? [];
      return {
        form: 'composite',
        fields: fields.map((field) => ({
          name: field.name,
          type: inner(field.type, field.modifier),
        })),
      };
    }
    if (row.name === 'money' && row.schema === 'pg_catalog') {
      return { form: 'base', name: 'money', modifier: this.#moneyScale };
    }
    if (row.kind === 'b' && (row.schema === 'pg_catalog' || extensionTypes.has(row.name))) {
      return { form: 'base', name: row.name, modifier };
    }
    return { form: 'other', name: row.name };
  }
}

/** What a `numeric` may hold by its modifier (`numerictypmodin`); undefined without limits. */
export function numericLimits(modifier: number): { precision: number; scale: number } | undefined {
  if (modifier < 4) return undefined;
  const packed = modifier - 4;
  // The scale is 11 bits with a sign since PostgreSQL 15; before, it was never above 1000.
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return { precision: (packed >> 16) & 0xffff, scale };
}
