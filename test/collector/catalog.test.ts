/** The catalog against the real binaries: what they contain, and what it is called in each. */
import { expect, it } from '@jest/globals';
import type { Binary } from '../../collector/catalog/component.ts';
import { catalog, nameFor } from '../../collector/catalog.ts';
import type { ComponentKind } from '../../collector/types.ts';
import { leftOut } from '../../tools/peers/collector-manifest.ts';
import type { PeerName } from '../../tools/peers/peer.ts';
import { knownTypes } from '../support/collector.ts';
import { describeWithPeer } from '../support/peer.ts';

const kinds: readonly ComponentKind[] = [
  'receiver',
  'processor',
  'exporter',
  'connector',
  'extension',
];
const binaries: readonly (readonly [Binary, PeerName])[] = [
  ['0.149', 'collector-0.149'],
  ['0.155', 'collector-0.155'],
  ['0.161', 'collector'],
];

for (const [binary, peer] of binaries) {
  describeWithPeer(peer, `the catalog and the real Collector ${binary}`, (program) => {
    it.each(kinds)('agree on what there is of kind %s, and on its names', async (kind) => {
      const known = await knownTypes(program, `${kind}s`);
      const expected = [...catalog.values()]
        .filter((info) => info.kind === kind && info.binaries.includes(binary))
        .flatMap(({ type, renamed }) => {
          const name = nameFor(kind, type, `${binary}.0`);
          // The old name goes on as an alias once the new one is there.
          return renamed !== undefined && name === type ? [type, renamed.from] : [name];
        });
      expect([...known].sort()).toEqual(expected.sort());
    });
  });
}

it('what the 0.149 peer leaves out is what the catalog says it has not', () => {
  const without = [...catalog]
    .filter(([, info]) => !info.binaries.includes('0.149'))
    .map(([key]) => key);
  expect([...leftOut()].sort()).toEqual(without.sort());
});
