/** Dollars of every kind: what we call refused is what the real Collector refuses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { escapeDollars, faultyDollars } from '../../collector/escape.ts';
import { validateWith } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const texts: readonly string[] = readFileSync(
  join(import.meta.dirname, 'testdata', 'dollars.txt'),
  'utf8',
)
  .trimEnd()
  .split('\n');

const config = (value: string): string => `
receivers: {nop: {}}
processors: {resource: {attributes: [{key: a, value: 'x${value}', action: upsert}]}}
exporters: {nop: {}}
service: {pipelines: {traces: {receivers: [nop], processors: [resource], exporters: [nop]}}}
`;

describeWithPeer('collector-0.149', 'a text with dollars', (program) => {
  it.each(texts)('%s is refused by both or by neither', async (text) => {
    const theirs = await validateWith(program, config(text), { NAME: 'A' });
    const refused = faultyDollars(text).some((dollar) => dollar.refused);
    expect({ refused, says: theirs.text }).toEqual({
      refused: !theirs.accepted,
      says: theirs.text,
    });
  });

  it.each(texts)('%s is accepted as a literal once escaped', async (text) => {
    expect(faultyDollars(escapeDollars(text))).toEqual([]);
    expect(await validateWith(program, config(escapeDollars(text)))).toMatchObject({
      accepted: true,
    });
  });
});
