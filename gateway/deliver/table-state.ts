/**
 * What the tables of one server are like: where their rows go, and which columns they have. Looked
 * at once a table, and again after a failure or while columns are missing.
 */
import { localName } from '../../clickhouse/cluster.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { quoteName, quoteText } from '../../clickhouse/sql.ts';
import type { Clock } from '../../core/clock.ts';
import type { Failed, StatementResult } from './insert-client.ts';

/** How a table of the server differs from ours. */
export type TableState = {
  /** Where rows go: the table itself, or on a cluster the one of this server behind it. */
  readonly stored: string;
  /** The same as it stands in a statement. */
  readonly place: string;
  /** Every column of the server's table with its type, as a structure for `null()`. */
  readonly structure: string;
  /** Columns of ours that it has, in our order: these are sent. */
  readonly present: readonly string[];
  /** Columns of ours that it lacks: left out of the insert. */
  readonly missing: readonly string[];
  readonly describedMs: number;
};

/** A table that lacks columns is looked at again: `obsctl migrate` may have added them. */
const lackingStateMsMax = 10_000;

/** Of an answer that is not ClickHouse's, for a message. */
const heardCharsMax = 80;

export const definitions: ReadonlyMap<string, TableDef> = new Map(
  tables.map((table) => [table.name, table]),
);

export type TableStates = {
  /** What is known of a table of ours, or why nothing is. */
  readonly of: (table: string) => Promise<TableState | Failed>;
  /** By its name on the server; an empty text when there is none. */
  readonly engineOf: (stored: string) => Promise<StatementResult>;
  readonly forget: (table: string) => void;
  /** Tables that lack columns of ours. */
  readonly lacking: () => ReadonlyMap<string, readonly string[]>;
};

export function createTableStates(options: {
  readonly query: (sql: string) => Promise<StatementResult>;
  readonly clock: Clock;
  readonly database: string;
  /** Why a table that is not replicated takes no rows; absent: it may be any. */
  readonly replicatedFor: string | undefined;
}): TableStates {
  const { query, clock, database, replicatedFor } = options;
  const states = new Map<string, TableState>();

  async function engineOf(stored: string): Promise<StatementResult> {
    const named = `database = ${quoteText(database)} AND name = ${quoteText(stored)}`;
    return await query(`SELECT engine FROM system.tables WHERE ${named} FORMAT TSV`);
  }

  async function describe(table: string): Promise<TableState | Failed> {
    const engine = await engineOf(table);
    if (!engine.ok) return { ...engine, kind: 'retryable', ambiguous: false };
    const stored = engine.text.startsWith('Distributed') ? localName(table) : table;
    const place = `${quoteName(database)}.${quoteName(stored)}`;
    const apart = replicatedFor && (await standsAlone(stored, replicatedFor));
    if (apart) return apart;
    const described = await query(`DESCRIBE TABLE ${place} FORMAT TabSeparatedRaw`);
    if (!described.ok) return { ...described, kind: 'retryable', ambiguous: false };
    const columns = compareColumns(table, described.text);
    if (columns.present.length === 0) return notClickHouse(described.text);
    return { stored, place, ...columns, describedMs: clock.monotonicMs() };
  }

  /** Why it takes no rows, where it shares them with nobody. */
  async function standsAlone(stored: string, why: string): Promise<Failed | undefined> {
    const engine = await engineOf(stored);
    if (!engine.ok) return { ...engine, kind: 'retryable', ambiguous: false };
    // What is absent is said by the description.
    if (engine.text === '' || sharesTokens(engine.text)) return undefined;
    const message = `${database}.${stored} is ${engine.text.trim()}: ${why}`;
    return { ok: false, kind: 'retryable', ambiguous: false, code: 0, message };
  }

  return {
    engineOf,
    of: async (table) => {
      const known = states.get(table);
      if (known !== undefined && !isStale(known, clock.monotonicMs())) return known;
      const state = await describe(table);
      if (!('ok' in state)) states.set(table, state);
      return state;
    },
    forget: (table) => void states.delete(table),
    lacking: () => {
      const incomplete = [...states].filter(([, state]) => state.missing.length > 0);
      return new Map(incomplete.map(([table, state]) => [table, state.missing]));
    },
  };
}

/** Whether a token that one replica knows is known to all. */
export function sharesTokens(engine: string): boolean {
  return /^(Replicated|Shared)/.test(engine);
}

/** A 200 from a proxy's page or a wrong service: taken for an acknowledgement, it loses rows. */
export function notClickHouse(text: string): Failed {
  const heard = JSON.stringify(text.slice(0, heardCharsMax));
  const message = `the answer is not one of ClickHouse: ${heard}`;
  return { ok: false, kind: 'retryable', ambiguous: false, code: 0, message };
}

function isStale(state: TableState, nowMs: number): boolean {
  return state.missing.length > 0 && nowMs - state.describedMs > lackingStateMsMax;
}

function compareColumns(
  table: string,
  described: string,
): Pick<TableState, 'structure' | 'present' | 'missing'> {
  const there = new Set(
    described
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '')
      .filter((name) => name !== ''),
  );
  const ours = (definitions.get(table)?.columns ?? [])
    .filter((column) => column.computed === undefined)
    .map((column) => column.name);
  return {
    structure: structureOf(described),
    present: ours.filter((name) => there.has(name)),
    missing: ours.filter((name) => !there.has(name)),
  };
}

/** Of a table's own columns; what it computes cannot be sent. */
function structureOf(described: string): string {
  return described
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([name = '', , kind = '']) => name !== '' && !/^(MATERIALIZED|ALIAS)$/.test(kind))
    .map(([name = '', type = '']) => `${quoteName(name)} ${type}`)
    .join(', ');
}
