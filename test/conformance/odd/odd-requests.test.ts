/**
 * More than 500 odd requests to the gateway and to the real Collector's OTLP receiver: each answer
 * is the recorded one, and each difference has its explanation. `UPDATE=1` records anew (with the
 * Collector there); a new difference then stands with `?` until somebody explains it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { describeWithPeer } from '../../support/peer.ts';
import type { OddCase } from './case.ts';
import { answerTo, type Target } from './clients.ts';
import { explanations } from './explanations.ts';
import { framingCases } from './framing-cases.ts';
import { grpcCases } from './grpc-cases.ts';
import { httpCases } from './http-cases.ts';
import { jsonCases } from './json-cases.ts';
import { answersFile, answersText, pageFile, pageText, readAnswers } from './page.ts';
import { protobufCases } from './protobuf-cases.ts';
import { type Server, startOurs, startTheirs } from './servers.ts';

const cases = [...httpCases, ...framingCases, ...jsonCases, ...protobufCases, ...grpcCases];
const isUpdate = process.env['UPDATE'] === '1';
/** Most of the time is waiting for what does not come. */
const parallelMax = 32;
/** On a busy machine an answer may come late: it is asked for again, alone. */
const attemptsMax = 3;

jest.setTimeout(300_000);

/** What each case was answered; `expected` decides whether it is asked again. */
async function askAll(
  target: Target,
  expected: (id: string) => string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  const iterator = cases[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      answers.set(next.value.id, await answerTo(next.value, target));
    }
  };
  await Promise.all(Array.from({ length: parallelMax }, work));
  for (const one of cases) {
    for (let attempt = 1; attempt < attemptsMax; attempt += 1) {
      if (answers.get(one.id) === expected(one.id)) break;
      answers.set(one.id, await answerTo(one, target));
    }
  }
  return answers;
}

function differing(
  answers: ReadonlyMap<string, string>,
  expected: (id: string) => string | undefined,
): readonly (readonly [string, string | undefined, string | undefined])[] {
  return cases
    .map(({ id }) => [id, expected(id), answers.get(id)] as const)
    .filter(([, wanted, given]) => wanted !== given);
}

describe('odd requests', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startOurs();
  });
  afterAll(async () => server?.stop());

  it('are more than 200, each with a name of its own', () => {
    expect(cases.length).toBeGreaterThan(200);
    expect(new Set(cases.map(({ id }: OddCase) => id)).size).toBe(cases.length);
  });

  it('are answered by the gateway as recorded', async () => {
    if (isUpdate) return;
    const recorded = readAnswers();
    const expected = (id: string): string | undefined => recorded.get(id)?.ours;
    expect(differing(await askAll(server, expected), expected)).toEqual([]);
  });

  it('are all recorded, and each difference from the Collector is explained', () => {
    if (isUpdate) return;
    const recorded = readAnswers();
    expect([...recorded.keys()]).toEqual(cases.map(({ id }) => id));
    for (const [id, { ours, theirs, why }] of recorded) {
      expect([id, Object.hasOwn(explanations, why)]).toEqual([id, ours !== theirs]);
    }
    const used = new Set([...recorded.values()].map(({ why }) => why));
    expect(Object.keys(explanations).filter((why) => !used.has(why))).toEqual([]);
  });

  it('have a page that is up to date', () => {
    if (isUpdate) return;
    expect(readFileSync(pageFile, 'utf8')).toBe(pageText(readAnswers()));
  });
});

describeWithPeer('collector', 'odd requests to the Collector', (program) => {
  let server: Server;
  beforeAll(async () => {
    server = await startTheirs(program);
  });
  afterAll(async () => server?.stop());

  it('are answered by its receiver as recorded', async () => {
    const recorded = readAnswers();
    const expected = (id: string): string | undefined => recorded.get(id)?.theirs;
    const theirs = await askAll(server, expected);
    if (isUpdate) await update(theirs);
    else expect(differing(theirs, expected)).toEqual([]);
  });
});

async function update(theirs: ReadonlyMap<string, string>): Promise<void> {
  const recorded = readAnswers();
  const server = await startOurs();
  const ours = await askAll(server, (id) => recorded.get(id)?.ours);
  await server.stop();
  const answers = new Map(
    cases.map(({ id }) => {
      const [own, other] = [ours.get(id) ?? '', theirs.get(id) ?? ''];
      const why = own === other ? '' : recorded.get(id)?.why || '?';
      return [id, { ours: own, theirs: other, why }] as const;
    }),
  );
  writeFileSync(answersFile, answersText(answers));
  writeFileSync(pageFile, pageText(answers));
}
