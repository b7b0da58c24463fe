/**
 * What agents have told this gateway, as section “Status Reporting” of the specification has it:
 * an agent says what changed, numbers its messages, and says everything again when it is asked to.
 *
 *     unknown ──▶ whole ◀──▶ gap      gap: a message is missing, and all of it is asked for
 *
 * Bounds: at most {@link agentsMax} agents and {@link textBytesMax} of their configs, beyond which
 * a config is a hash without its text; an agent that is silent for an hour is forgotten here (its
 * row stays in ClickHouse). Nothing of this is kept on
 * disk: a gateway that starts anew, or that an agent has come to from another one, asks for
 * everything.
 *
 * Invariant: what is shown of an agent is what it said, as of one moment: after a gap nothing of
 * it is told until it has said everything again.
 */
import type { AgentMessage, Attributes, EffectiveConfig, Health } from './message.ts';

const agentsMax = 20_000;
/** Of a thousand agents with configs of 64 KiB. */
const textBytesMax = 64 * 1024 * 1024;
const forgottenAfterMs = 3_600_000;

/** Of `AgentCapabilities`. */
const reportsEffectiveConfig = 0x4n;
const reportsHealth = 0x800n;

export type AgentState = {
  readonly tenant: string;
  readonly instanceUid: string;
  readonly description: Attributes;
  readonly capabilities: bigint;
  readonly health: Health | undefined;
  readonly config: EffectiveConfig | undefined;
  readonly isDisconnected: boolean;
  readonly lastSeenMs: number;
};

type Entry = {
  state: AgentState;
  sequence: bigint;
  /** Whether {@link state} is what the agent says now. */
  isWhole: boolean;
  /** Whether the last answer asked for everything. */
  wasAsked: boolean;
  /** Whether more than the time has changed since it was written. */
  isChanged: boolean;
  writtenMs: number;
};

export class Agents {
  /** By tenant and id, the one that was heard of longest ago first. */
  readonly #entries = new Map<string, Entry>();
  readonly #textBytesMax: number;
  #textBytes = 0;

  /** @param bytesMax of texts of configs that are kept */
  constructor(bytesMax = textBytesMax) {
    this.#textBytesMax = bytesMax;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** Takes a message in; whether the answer asks for everything. */
  take(tenant: string, message: AgentMessage, nowMs: number): boolean {
    const key = `${message.instanceUid} ${tenant}`;
    const before = this.#entries.get(key);
    // A number that comes again is the same message: its answer got lost.
    const follows =
      before !== undefined &&
      (message.sequence === before.sequence + 1n || message.sequence === before.sequence);
    const known = follows && before.isWhole ? before.state : undefined;
    this.#drop(key, before);
    const state = this.#fitted(merged(tenant, message, known, nowMs));
    const isWhole = known !== undefined || message.description !== undefined;
    // It answers a request for everything at once: one that cannot is asked every other time.
    const asks = lacksParts(state) && before?.wasAsked !== true && !message.isDisconnecting;
    this.#textBytes += textBytesOf(state);
    this.#entries.set(key, {
      state,
      sequence: message.sequence,
      isWhole,
      wasAsked: asks,
      isChanged: known === undefined || before?.isChanged === true || tellsMore(message),
      writtenMs: before?.writtenMs ?? 0,
    });
    this.#forget(nowMs);
    return asks;
  }

  /** Agents of which something is to be written: at once what changed, else now and then. */
  due(nowMs: number, periodMs: number): readonly AgentState[] {
    const due: AgentState[] = [];
    for (const { state, isWhole, isChanged, writtenMs } of this.#entries.values()) {
      const isNews = state.lastSeenMs > writtenMs && nowMs - writtenMs >= periodMs;
      if (isWhole && (isChanged || isNews)) due.push(state);
    }
    return due;
  }

  /** Says that these states, as {@link due} gave them, are in ClickHouse. */
  written(states: readonly AgentState[]): void {
    for (const state of states) {
      const entry = this.#entries.get(`${state.instanceUid} ${state.tenant}`);
      if (entry === undefined) continue;
      entry.writtenMs = state.lastSeenMs;
      if (entry.state === state) entry.isChanged = false;
    }
  }

  #forget(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      const isOld = nowMs - entry.state.lastSeenMs > forgottenAfterMs;
      if (!isOld && this.#entries.size <= agentsMax) return;
      this.#drop(key, entry);
    }
  }

  #drop(key: string, entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#textBytes -= textBytesOf(entry.state);
    this.#entries.delete(key);
  }

  /** A state whose text there is room for. */
  #fitted(state: AgentState): AgentState {
    if (this.#textBytes + textBytesOf(state) <= this.#textBytesMax) return state;
    return { ...state, config: state.config && { hash: state.config.hash, text: '' } };
  }
}

/** Bytes, as JavaScript keeps them. */
function textBytesOf({ config }: AgentState): number {
  return 2 * (config?.text.length ?? 0);
}

/** Whether it can tell more than it has told. */
function lacksParts({ description, capabilities, health, config }: AgentState): boolean {
  if (Object.keys(description).length === 0) return true;
  const lacksConfig = config === undefined && (capabilities & reportsEffectiveConfig) !== 0n;
  return lacksConfig || (health === undefined && (capabilities & reportsHealth) !== 0n);
}

function tellsMore({ description, health, config, isDisconnecting }: AgentMessage): boolean {
  return [description, health, config].some((part) => part !== undefined) || isDisconnecting;
}

/** What a message leaves out is as it was. */
function merged(
  tenant: string,
  message: AgentMessage,
  known: AgentState | undefined,
  nowMs: number,
): AgentState {
  return {
    tenant,
    instanceUid: message.instanceUid,
    description: message.description ?? known?.description ?? {},
    capabilities: message.capabilities,
    health: message.health ?? known?.health,
    config: message.config ?? known?.config,
    isDisconnected: message.isDisconnecting,
    lastSeenMs: nowMs,
  };
}
