/** Dead letters and the units they came from: each row once, whatever happens between the two. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '../../core/clock.ts';
import { type Random, seededRandom } from '../../test/support/random.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { describeUnit, newSealId, unitToken } from '../lane/seal.ts';
import { replayLetter } from '../replay-letters.ts';
import { openDeadLetter, readLetters } from './dead-letter.ts';
import { type Job, newJob } from './job.ts';
import { createShards } from './shards.ts';
import { blockOf, Killed, ModelTable } from './testdata/letters-model.ts';
import { UnitCarrier } from './unit-carrier.ts';

const firstSeed = 1 + (Date.now() % 1_000_000);
const histories = 300;
const attemptsMax = 12;
const rowCount = 24;
const siftSpentMs = 11_000;
const bodies = Array.from({ length: rowCount }, (_, body) => body);

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'obsctl-letters-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const chunks = blockOf(bodies);
const unit: EncodedUnit = {
  table: 'otel_logs',
  partition: '2026-01-21',
  rows: rowCount,
  bytes: chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
  checksum: '',
  chunks,
  firstEventNs: 1n,
  lastEventNs: 2n,
};

/** One unit on its way, with everything that can come in between. */
class History {
  readonly table: ModelTable;
  readonly #random: Random;
  readonly #seal = {
    id: newSealId(),
    first: 0,
    last: 8,
    firstReceivedMs: 1,
    units: [describeUnit(unit)],
  };
  #job: Job;
  #carrier: UnitCarrier;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.table = new ModelTable({ random: this.#random, onStatement: () => this.#meanwhile() });
    this.#job = this.#newJob(false);
    this.#carrier = this.#newCarrier();
    this.#alter();
  }

  async run(): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (await this.#attempt()) break;
      if (this.#random.oneIn(3)) this.#alter();
      if (this.#random.oneIn(4)) this.#restart();
      if (this.#random.oneIn(3)) await this.#replay();
    }
    // Acknowledged, but the checkpoint was not written yet.
    if (this.#random.oneIn(3)) this.#restart();
    this.table.isCalm = true;
    this.table.bad = new Set();
    // A replay that was interrupted is run to its end.
    while (!(await this.#attempt())) await this.#replay();
    await this.#replay();
    expect(await readLetters(directory)).toEqual([]);
  }

  async #attempt(): Promise<boolean> {
    try {
      const brought = await this.#carrier.bring(this.#job, unit);
      this.#job.attempts += 1;
      return brought === 'done';
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#restart();
      return false;
    }
  }

  #restart(): void {
    this.#job = this.#newJob(true);
    this.#carrier = this.#newCarrier();
  }

  /** Whoever repairs the table does not wait for the gateway. */
  async #meanwhile(): Promise<void> {
    if (this.table.isCalm) return;
    if (this.#random.oneIn(10)) this.#alter();
    if (this.#random.oneIn(10)) await this.#replay();
  }

  #alter(): void {
    const share = this.#random.below(4);
    this.table.bad = new Set(share === 0 ? [] : bodies.filter(() => this.#random.oneIn(share * 3)));
  }

  #isReplaying = false;

  async #replay(): Promise<void> {
    if (this.#isReplaying) return;
    this.#isReplaying = true;
    try {
      const shards = createShards([this.table.destination()]);
      const parts = { directory, shards, clock: systemClock, isDryRun: false };
      for (const letter of await readLetters(directory)) await replayLetter(letter, parts);
    } catch (error) {
      // Interrupted in the middle: it is run again.
      if (!(error instanceof Killed)) throw error;
    } finally {
      this.#isReplaying = false;
    }
  }

  #newJob(inDoubt: boolean): Job {
    return newJob({ seal: this.#seal, inDoubt, held: undefined });
  }

  #newCarrier(): UnitCarrier {
    const events = {
      ...{ insert: () => {}, deadLetter: () => {}, parked: () => {} },
      ...{ differs: () => {}, up: () => {} },
    };
    const clock: Clock = { ...systemClock, sleep: async () => {}, monotonicMs: this.#jumping() };
    return new UnitCarrier(
      {
        ...{ events, clock, gateway: 'test', lane: 'test', random: () => 0.5 },
        shards: createShards([this.table.destination()]),
        deadLetter: openDeadLetter({ directory, gateway: 'test', lane: 'test' }),
      },
      () => {},
      new AbortController().signal,
    );
  }

  /** The search for bad rows ends early now and then: good rows are then set aside as well. */
  #jumping(): () => number {
    let nowMs = 0;
    return () => {
      nowMs += this.#random.oneIn(20) ? siftSpentMs : 1;
      return nowMs;
    };
  }
}

describe('dead letters and their units', () => {
  it(`bring each row once, seeds from ${firstSeed}`, async () => {
    for (let seed = firstSeed; seed < firstSeed + histories; seed += 1) {
      const history = new History(seed);
      await history.run();
      const stored = history.table.rows.toSorted((left, right) => left - right);
      expect({ seed, stored }).toEqual({ seed, stored: bodies });
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);

  it.each([
    [
      'may hold rows in the table once a replay went unanswered, also when it is refused later',
      true,
    ],
    ['holds none in the table while every replay was answered', false],
  ])('a letter %s', async (_, ambiguous) => {
    const deadLetter = openDeadLetter({ directory, gateway: 'test', lane: 'test' });
    const seal = { id: newSealId(), first: 0, last: 8, firstReceivedMs: 1, units: [] };
    const letter = { seal, unit: describeUnit(unit), chunks, reason: 'bad' };
    await deadLetter.put({ ...letter, unitRows: rowCount, unitRanges: [[0, rowCount]] });
    const table = new ModelTable({ random: seededRandom(1), onStatement: async () => {} });
    table.isCalm = true;
    const away = { ok: false, kind: 'retryable', ambiguous, code: 0, message: 'cut' } as const;
    const cut = { ...table.destination(), insertUnit: async () => away };
    const parts = { directory, clock: systemClock, isDryRun: false };
    const [stored] = await readLetters(directory);
    await replayLetter(stored!, { ...parts, shards: createShards([cut]) });
    table.bad = new Set(bodies);
    const refused = { ...parts, shards: createShards([table.destination()]) };
    expect(await replayLetter(stored!, refused)).toMatchObject({ outcome: 'refused' });
    const token = unitToken(seal.id, unit.table, unit.partition);
    const { begun } = await deadLetter.held(token, rowCount);
    expect(begun).toEqual(ambiguous ? [rowCount] : []);
  });
});
