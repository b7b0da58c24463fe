/**
 * The public suite for receivers of remote write against a gateway, judged harder than it judges
 * itself: every case answers exactly what `testdata/compliance.tsv` says (a case that is gone, or
 * new, fails), and what was accepted is read back from the tables, value by value.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { describeWithPeer } from '../support/peer.ts';
import { writeRequestOf } from './recorder.ts';
import { apart, nothing, type Row, rowsOf } from './rows.ts';
import { storedRows } from './stored.ts';
import { type Outcome, runSuite, type SuiteRun } from './suite.ts';

type Expected = {
  readonly name: string;
  /** One, or two where the specification leaves it open. */
  readonly statuses: readonly number[];
  /** Samples, histograms, exemplars; `-` where version 1 must not be told. */
  readonly written: readonly string[];
};

const startMsMax = 120_000;
const deliveryMsMax = 30_000;
const pollMs = 200;
const kinds = ['samples', 'histograms', 'exemplars'];
const file = join(import.meta.dirname, 'testdata/compliance.tsv');
const table: readonly Expected[] = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [name = '', statuses = '', ...written] = line.split('\t');
    return { name, statuses: statuses.split(' or ').map(Number), written };
  });

describeWithPeer('remote-write-compliance', 'the public suite of remote write', (program) => {
  let engine: TestEngine;
  let gateway: TestGateway | undefined;
  let clickhouse: ClickHouse;
  let run: SuiteRun;

  beforeAll(async () => {
    engine = await startEngine();
    clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
    gateway = await startGateway({ clickhouseUrl: engine.url });
    run = await runSuite(program, gateway.http);
  }, startMsMax);

  afterAll(async () => {
    await clickhouse?.close();
    await gateway?.stop();
    await engine?.stop();
  });

  it('asks what it asked when its cases were written down', () => {
    const asked = run.outcomes.map(({ name }) => name).sort();
    expect(asked).toEqual(table.map(({ name }) => name).sort());
  });

  it('is content with every answer', () => {
    const failed = run.outcomes.filter(({ verdict }) => verdict !== 'PASS');
    expect(failed.map(({ name, request }) => `${name}: ${request.status}`)).toEqual([]);
  });

  it('gets the one status that is right', () => {
    const wrong = run.outcomes.filter(
      ({ name, request }) => !expectedOf(name).statuses.includes(request.status),
    );
    expect(wrong.map(({ name, request }) => `${name}: ${request.status}`)).toEqual([]);
  });

  it('is told exactly what was written, by version 2 only', () => {
    const wrong = run.outcomes.flatMap((outcome) => {
      const [told, right] = [toldOf(outcome), rightOf(outcome)];
      return told === right ? [] : [`${outcome.name}: ${told} instead of ${right}`];
    });
    expect(wrong).toEqual([]);
  });

  it('gets a reason with every refusal, and nothing with a success', () => {
    for (const { name, request } of run.outcomes) {
      expect(`${name}: ${request.status} ${request.answer.trim() === ''}`).toBe(
        `${name}: ${request.status} ${request.status === 204}`,
      );
    }
  });

  it('finds in the tables what was accepted, once, and nothing else', async () => {
    const accepted = run.outcomes.flatMap(acceptedRows);
    expect(accepted.length).toBeGreaterThan(table.length);
    const stored = await delivered(clickhouse, accepted.length);
    expect(apart(stored, accepted)).toEqual(nothing);
  }, 60_000);
});

function expectedOf(name: string): Expected {
  const expected = table.find((one) => one.name === name);
  if (expected === undefined) throw new Error(`testdata/compliance.tsv has no case ${name}`);
  return expected;
}

/** `3 0 0`, or `- - -` without the headers; a sender takes a missing one for 0 (PRW2-4). */
function toldOf({ name, request }: Outcome): string {
  const isSilent = expectedOf(name).written.includes('-');
  const told = kinds.map((kind) => request.answerHeaders[writtenHeader(kind)]);
  return told.map((text) => text ?? (isSilent ? '-' : '0')).join(' ');
}

function rightOf({ name, request }: Outcome): string {
  const { statuses, written } = expectedOf(name);
  // Where a refusal is as good, nothing was written by it.
  const isRefused = statuses.length > 1 && request.status !== 204;
  return isRefused ? '0 0 0' : written.join(' ');
}

function writtenHeader(kind: string): string {
  return `x-prometheus-remote-write-${kind}-written`;
}

/** Of a refused request only series without a fault are kept, and only of these refusals. */
function acceptedRows({ name, request }: Outcome): readonly Row[] {
  const isPartial = /_1_without_name_label$/.test(name);
  if (request.status !== 204 && !isPartial) return [];
  return writeRequestOf(request)
    .series.filter(({ labels }) => (labels['__name__'] ?? '') !== '')
    .flatMap(rowsOf);
}

/** Answered is on disk; a moment later it is in the tables. */
async function delivered(clickhouse: ClickHouse, count: number): Promise<readonly Row[]> {
  // A type and a text without any data may be a row, or not.
  const hasData = "NOT (MetricName = 'orphan_metric' AND empty(Exemplars.Value))";
  const deadlineMs = Date.now() + deliveryMsMax;
  let stored = await storedRows(clickhouse, hasData);
  while (stored.length < count && Date.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    stored = await storedRows(clickhouse, hasData);
  }
  return stored;
}
