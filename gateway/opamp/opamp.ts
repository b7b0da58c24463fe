/**
 * The server side of OpAMP in the main thread: answers messages that lanes hand over, and writes
 * what agents reported to ClickHouse. Status only: nothing an agent could be told to do is ever
 * in an answer (see `answer.ts`).
 *
 * There is no log for this: agents report again, so a write that fails is tried again with what
 * is known then, and what a gateway forgets it is told anew.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { agentConfigs, agents as agentsTable } from '../../clickhouse/schema/agents.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { isProblem } from '../../core/problem.ts';
import { connect } from '../clickhouse-connection.ts';
import type { GatewayConfig } from '../config.ts';
import { isMalformed } from '../decode/wire.ts';
import type { LaneLog } from '../lane/lane-types.ts';
import { opampOutcomes } from '../telemetry/catalog.ts';
import { slotOf } from '../telemetry/counters.ts';
import { type AgentState, Agents } from './agents.ts';
import { encodeAnswer } from './answer.ts';
import { decodeAgentMessage } from './message.ts';
import { agentRow, configRow, type Row } from './rows.ts';

/** What changed is in ClickHouse this soon. */
const turnPeriodMs = 2_000;
/** And when nothing did, this often, so that one sees that it lives. */
const seenPeriodMs = 60_000;
/** A text is written again after this, for the sake of the TTL. */
const configPeriodMs = 86_400_000;
const configsKnownMax = 50_000;
const requestTimeoutMs = 20_000;

/** What becomes of a message: bytes to answer with, or why it can never be one. */
export type OpampAnswer =
  | { readonly kind: 'answer'; readonly body: Uint8Array }
  | { readonly kind: 'malformed'; readonly reason: string };

export type Opamp = Timer & {
  readonly answer: (tenant: string, body: Uint8Array) => OpampAnswer;
  /** Fills in what only the main thread counts. */
  readonly write: (values: Float64Array) => void;
};

type Parts = {
  readonly clock: Clock;
  readonly log: LaneLog;
  readonly env: Readonly<Record<string, string | undefined>>;
};

export function startOpamp(config: GatewayConfig, parts: Parts): Opamp {
  const { clock } = parts;
  const agents = new Agents();
  const counts = { taken: 0, asked_again: 0, malformed: 0, acknowledged: 0, failed: 0 };
  const keeper = new AgentKeeper(config, parts, agents, counts);
  const ticking = clock.every(turnPeriodMs, () => keeper.turn());
  return {
    answer: (tenant, body) => {
      try {
        const message = decodeAgentMessage(body);
        const asksForAll = agents.take(tenant, message, clock.nowMs());
        counts[asksForAll ? 'asked_again' : 'taken'] += 1;
        return { kind: 'answer', body: encodeAnswer(message.instanceUid, asksForAll) };
      } catch (error) {
        if (!isMalformed(error)) throw error;
        counts.malformed += 1;
        const reason = `not an AgentToServer message: ${error.message} (byte ${error.offset})`;
        return { kind: 'malformed', reason };
      }
    },
    write: (values) => {
      for (const outcome of opampOutcomes) values[messageSlots[outcome]] = counts[outcome];
      for (const outcome of writeOutcomes) values[writeSlots[outcome]] = counts[outcome];
      values[agentsSlot] = agents.count;
    },
    cancel: () => {
      ticking.cancel();
      keeper.cancel();
    },
  };
}

const writeOutcomes = ['acknowledged', 'failed'] as const;
const messageSlots = {
  taken: slotOf('obsctl.gateway.opamp.messages', 'taken'),
  asked_again: slotOf('obsctl.gateway.opamp.messages', 'asked_again'),
  malformed: slotOf('obsctl.gateway.opamp.messages', 'malformed'),
};
const writeSlots = {
  acknowledged: slotOf('obsctl.gateway.opamp.writes', 'acknowledged'),
  failed: slotOf('obsctl.gateway.opamp.writes', 'failed'),
};
const agentsSlot = slotOf('obsctl.gateway.opamp.agents');

/** Writes what is due, one turn at a time; what fails is due again. */
class AgentKeeper {
  readonly #config: GatewayConfig;
  readonly #parts: Parts;
  readonly #agents: Agents;
  readonly #counts: { acknowledged: number; failed: number };
  readonly #abort = new AbortController();
  /** When each text was last written, by tenant and hash. */
  readonly #configs = new Map<string, number>();
  #isBusy = false;
  #hasWarned = false;

  constructor(
    config: GatewayConfig,
    parts: Parts,
    agents: Agents,
    counts: { acknowledged: number; failed: number },
  ) {
    this.#config = config;
    this.#parts = parts;
    this.#agents = agents;
    this.#counts = counts;
  }

  turn(): void {
    if (this.#isBusy || this.#abort.signal.aborted) return;
    const due = this.#agents.due(this.#parts.clock.nowMs(), seenPeriodMs);
    if (due.length === 0) return;
    this.#isBusy = true;
    this.#write(due).then(
      () => this.#done(undefined),
      (error: unknown) => this.#done(error),
    );
  }

  cancel(): void {
    this.#abort.abort();
  }

  async #write(due: readonly AgentState[]): Promise<void> {
    const server = await connect(this.#config, this.#parts.env, requestTimeoutMs);
    try {
      const fresh = this.#freshConfigs(due);
      await this.#insert(server, agentConfigs, [...fresh.values()]);
      await this.#insert(server, agentsTable, due.map(agentRow));
      for (const key of fresh.keys()) this.#remember(key);
      this.#agents.written(due);
    } finally {
      await server.close();
    }
  }

  /** Texts that ClickHouse may not have. */
  #freshConfigs(due: readonly AgentState[]): ReadonlyMap<string, Row> {
    const fresh = new Map<string, Row>();
    const nowMs = this.#parts.clock.nowMs();
    for (const state of due) {
      const key = `${state.config?.hash} ${state.tenant}`;
      const writtenMs = this.#configs.get(key);
      const row = configRow(state);
      if (row === undefined || (writtenMs !== undefined && nowMs - writtenMs < configPeriodMs))
        continue;
      fresh.set(key, row);
    }
    return fresh;
  }

  #remember(key: string): void {
    this.#configs.delete(key);
    this.#configs.set(key, this.#parts.clock.nowMs());
    for (const oldest of this.#configs.keys()) {
      if (this.#configs.size <= configsKnownMax) return;
      this.#configs.delete(oldest);
    }
  }

  async #insert(server: ClickHouse, { name }: TableDef, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const into = `INSERT INTO ${nameOf(this.#config.database)}.${nameOf(name)} FORMAT JSONEachRow`;
    const body = [Buffer.from(lines)];
    await server.insert(into, body, { async_insert: 0 }, this.#abort.signal);
  }

  #done(error: unknown): void {
    this.#isBusy = false;
    if (this.#abort.signal.aborted) return;
    this.#counts[error === undefined ? 'acknowledged' : 'failed'] += 1;
    if (error === undefined) {
      this.#hasWarned = false;
      return;
    }
    // Once: ClickHouse may be away for long, or have no such tables with --no-migrate.
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const text = isProblem(error) ? `${error.code}: ${error.message}` : String(error);
    this.#parts.log('warn', `agents: what they report is not written, tried again later: ${text}`);
  }
}
