/**
 * Kills at any point of the log: all that is emitted equals an undisturbed run, none twice (H01).
 */
import { describe, expect, it } from '@jest/globals';
import { type Random, seededRandom } from '../../test/support/random.ts';
import { emissionOf } from './emission.ts';
import type { Closing, Intake, IntakeOptions } from './intake.ts';
import { type LogEntry, recoverIntake } from './recover.ts';
import { decodedLogs, decodedRows, zeroSeconds } from './testdata/decoded.ts';
import { createIntake, intakeOptions } from './testdata/intakes.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import { wrapSettingsDefault } from './wrap/settings.ts';

const seed = 1 + (Date.now() % 1_000_000);
const zeroNs = BigInt(zeroSeconds) * 1_000_000_000n;
const wrapper = datadogWrapper(wrapSettingsDefault);

type Raw = { readonly receivedAtNs: bigint; readonly bytes: Uint8Array };

/** All bodies, as text that can be compared. */
function emitted(closing: Closing): string {
  const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  const { metrics, logs } = emissionOf(closing, wrapper, counts, 1e7);
  return [metrics, logs].map((bodies) => Buffer.concat(bodies).toString('base64')).join(' ');
}

/** All rows and records of several emissions, in one order. */
function rowsOf(emissions: readonly string[]): readonly string[] {
  const pairs = emissions.map((text) => text.split(' ').map((body) => Buffer.from(body, 'base64')));
  const rows = pairs.flatMap(([metrics, logs]) => [
    ...decodedRows([metrics!]),
    ...decodedLogs([logs!]),
  ]);
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Datagrams whose clock mostly goes forward, sometimes stands still and sometimes goes back. */
function stream(random: Random, count: number, backSeconds: number): readonly Raw[] {
  let seconds = 0;
  return Array.from({ length: count }, () => {
    seconds += random.below(3) - (random.oneIn(6) ? random.below(backSeconds + 1) : 0);
    seconds = Math.max(0, seconds);
    const lines = Array.from({ length: random.below(4) }, () => {
      const name = `m${random.below(4)}`;
      const value = random.below(100) / 7;
      return [
        `${name}:${value}|c|@0.3`,
        `${name}:${value}|g`,
        `${name}:+${value}|g`,
        `${name}:u${random.below(9)}|s`,
        `${name}:${value}:${value * 3}|h|@0.5`,
        `${name}:-${value}|d`,
        `${name}:${value}|c|T${zeroSeconds + seconds}`,
        `${name}:${value}|g|T${zeroSeconds + random.below(50)}`,
        `_e{2,1}:t${random.below(9)}|x`,
        `_sc|check|${random.below(4)}`,
        'broken',
      ][random.below(11)]!;
    });
    return {
      receivedAtNs: zeroNs + BigInt(seconds) * 1_000_000_000n,
      bytes: Buffer.from(lines.join('\n')),
    };
  });
}

/**
 * A gateway with a log: datagrams are appended first and folded some time later, closes are made of
 * what is folded and appended behind whatever came meanwhile. `kill` forgets everything but the log
 * and, of its beginning, what nobody needed any more.
 */
class Gateway {
  readonly emissions: string[] = [];
  /** Where and up to when it closed, of closes that the log has. */
  readonly closes: { readonly foldedCount: number; readonly timeNs: bigint }[] = [];
  readonly #options: IntakeOptions;
  readonly #random: Random;
  #log: LogEntry[] = [];
  #intake: Intake;
  #appended: LogEntry[] = [];
  #folded = 0;
  #position = 1000;
  #checkpoint = 0;

  constructor(options: IntakeOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#intake = createIntake(options);
  }

  get foldedCount(): number {
    return this.#folded;
  }

  append(raw: Raw): void {
    const entry: LogEntry = { kind: 'raw', position: this.#next(), ...raw };
    this.#log.push(entry);
    this.#appended.push(entry);
  }

  fold(): void {
    const entry = this.#appended.shift();
    if (entry === undefined || entry.kind !== 'raw') return;
    this.#intake.fold(entry.position, entry.receivedAtNs, entry.bytes);
    this.#folded += 1;
  }

  foldAll(): void {
    while (this.#appended.length > 0) this.fold();
  }

  /** `between` happens while the CLOSE is on its way into the log; without `durable` it is lost. */
  close(timeNs: bigint, isDurable: boolean, between: () => void = () => {}): void {
    const foldedCount = this.#folded;
    const closing = this.#intake.close(timeNs);
    between();
    this.#checkpointSometimes();
    if (!isDurable) return;
    const { closedBeforeNs, foldedUpTo, carried } = closing;
    const position = this.#next();
    this.#log.push({ kind: 'close', position, closedBeforeNs, foldedUpTo, carried });
    this.emissions.push(emitted(closing));
    this.closes.push({ foldedCount, timeNs });
    // Before the caller learns that the CLOSE is durable.
    between();
    this.#intake.closed(position);
    this.#checkpointSometimes();
  }

  kill(): void {
    const tail = this.#log.filter(({ position }) => position >= this.#checkpoint);
    this.#intake = recoverIntake(this.#options, this.#checkpoint, tail);
    this.#folded += this.#appended.length;
    this.#appended = [];
    expect(this.#intake.neededFrom()).toBeGreaterThanOrEqual(this.#checkpoint);
  }

  /** The log's beginning may be gone at any time. */
  #checkpointSometimes(): void {
    if (!this.#random.oneIn(2)) return;
    const needed = this.#intake.neededFrom();
    expect(needed).toBeGreaterThanOrEqual(this.#checkpoint);
    this.#checkpoint = needed;
    this.#log = this.#log.filter(({ position }) => position >= needed);
  }

  #next(): number {
    this.#position += 1 + this.#random.below(50);
    return this.#position;
  }
}

/** The same datagrams, closed at the same places, by one intake that nobody disturbs. */
function undisturbed(
  options: IntakeOptions,
  raws: readonly Raw[],
  closes: Gateway['closes'],
): string[] {
  const intake = createIntake(options);
  let done = 0;
  return closes.map(({ foldedCount, timeNs }) => {
    for (; done < foldedCount; done += 1) {
      intake.fold(done, raws[done]!.receivedAtNs, raws[done]!.bytes);
    }
    const closing = intake.close(timeNs);
    intake.closed(done);
    return emitted(closing);
  });
}

/** With `lateSeconds` closes come before all that belongs to their windows is folded. */
function play(
  random: Random,
  options: IntakeOptions,
  raws: readonly Raw[],
  lateSeconds: number,
): Gateway {
  const gateway = new Gateway(options, random);
  let nowNs = zeroNs;
  let appended = 0;
  const append = (): void => {
    const raw = raws[appended++];
    if (raw === undefined) return;
    gateway.append(raw);
    if (raw.receivedAtNs > nowNs) nowNs = raw.receivedAtNs;
  };
  /** What a gateway goes on with while a CLOSE is on its way. */
  const meanwhile = (): void => {
    if (random.oneIn(2)) append();
    if (random.oneIn(2)) gateway.fold();
  };
  while (appended < raws.length) {
    append();
    if (!random.oneIn(3)) gateway.foldAll();
    else if (random.oneIn(2)) gateway.fold();
    if (random.oneIn(5)) {
      if (lateSeconds === 0) gateway.foldAll();
      const timeNs = nowNs - BigInt(random.below(lateSeconds + 1)) * 1_000_000_000n;
      const isDurable = !random.oneIn(4);
      gateway.close(timeNs, isDurable, meanwhile);
      if (!isDurable) gateway.kill();
    }
    if (random.oneIn(8)) gateway.kill();
  }
  gateway.foldAll();
  gateway.close(nowNs + 60_000_000_000n, true);
  return gateway;
}

describe('a gateway that is killed', () => {
  it(`emits what one emits that is not, none twice and none left out (seed ${seed})`, () => {
    const random = seededRandom(seed);
    let closes = 0;
    for (let round = 0; round < 150; round += 1) {
      const options = intakeOptions({ isPlain: random.oneIn(2), idleWindows: 1 + random.below(4) });
      const raws = stream(random, 60, 25);
      const gateway = play(random, options, raws, 5);
      const expected = undisturbed(options, raws, gateway.closes);
      expect([seed, round, gateway.emissions]).toEqual([seed, round, expected]);
      closes += gateway.closes.length;
    }
    expect(closes).toBeGreaterThan(500);
  });

  it(`gives the same windows wherever it was closed, while nothing is late (seed ${seed})`, () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 60; round += 1) {
      const options = intakeOptions();
      const raws = stream(random, 60, 0);
      const late = play(random, options, raws, 0);
      const once = createIntake(options);
      for (const [position, raw] of raws.entries()) {
        once.fold(position, raw.receivedAtNs, raw.bytes);
      }
      const whole = emitted(once.close(zeroNs + 10_000n * 1_000_000_000n));
      expect([seed, round, rowsOf(late.emissions)]).toEqual([seed, round, rowsOf([whole])]);
    }
  });

  it('needs the CLOSE that was on its way when a late value was folded', () => {
    const intake = createIntake();
    const closing = intake.close(zeroNs + 20_000_000_000n);
    intake.fold(350, zeroNs, Buffer.from('x:1|c'));
    intake.closed(300);
    intake.close(zeroNs + 20_000_000_000n);
    intake.closed(400);
    expect([closing.foldedUpTo, intake.neededFrom()]).toEqual([0, 300]);
  });

  it('carries the gauges of the last CLOSE, not those that were forgotten by then', () => {
    const options = intakeOptions({ isPlain: true });
    const carried = [{ key: 'x|g|||||', value: 5, lastNs: zeroNs }];
    const closes = [{ carried }, { carried: [] }].map((one, index): LogEntry => {
      const closedBeforeNs = zeroNs + BigInt(index + 1) * 10_000_000_000n;
      return { kind: 'close', position: 100 * index, closedBeforeNs, foldedUpTo: 0, ...one };
    });
    const changed = [closes.slice(0, 1), closes].map((tail) => {
      const intake = recoverIntake(options, 0, tail);
      intake.fold(500, zeroNs + 25_000_000_000n, Buffer.from('x:+1|g'));
      return intake.close(zeroNs + 30_000_000_000n).windows[0]!.series[0];
    });
    expect(changed).toMatchObject([{ last: 6 }, { last: 1 }]);
  });

  it('needs nothing of the log below its last CLOSE when nothing is open', () => {
    const intake = createIntake();
    expect(intake.neededFrom()).toBe(0);
    intake.fold(100, zeroNs, Buffer.from('x:1|c'));
    expect(intake.neededFrom()).toBe(100);
    intake.fold(200, zeroNs + 10_000_000_000n, Buffer.from('x:1|c'));
    const closing = intake.close(zeroNs + 10_000_000_000n);
    expect([closing.foldedUpTo, intake.neededFrom()]).toEqual([201, 100]);
    intake.closed(300);
    expect(intake.neededFrom()).toBe(200);
    intake.close(zeroNs + 20_000_000_000n);
    intake.closed(400);
    expect(intake.neededFrom()).toBe(201);
    intake.fold(500, zeroNs + 20_000_000_000n, Buffer.from('broken'));
    expect(intake.neededFrom()).toBe(400);
  });
});
