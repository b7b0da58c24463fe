/**
 * Tests that need a real peer. Where it is missing the tests are skipped and say how to get it;
 * with `CI=true` a required peer that is missing is a failure.
 */
import { describe, it } from '@jest/globals';
import { peers } from '../../tools/peers/list.ts';
import type { PeerName } from '../../tools/peers/peer.ts';

/** Runs `body` with the path of the peer's program, or shows why it could not. */
export function describeWithPeer(
  name: PeerName,
  subject: string,
  body: (program: string) => void,
): void {
  describeWithPeers([name], subject, ([program = '']) => body(program));
}

/** The same with several, and with a reason for which this machine cannot even with them. */
export function describeWithPeers(
  names: readonly PeerName[],
  subject: string,
  body: (programs: readonly string[]) => void,
  refusal?: string,
): void {
  const wanted = names.flatMap((name) => peers.find((candidate) => candidate.name === name) ?? []);
  const missing = wanted.filter((peer) => peer.find() === undefined);
  const lack = missing.map(({ name }) => name);
  const advice = `needs ${lack.join(', ')}: npm run peers ${lack.join(' ')}`;
  if (missing.length === 0 && refusal === undefined) {
    describe(subject, () => body(wanted.map((peer) => peer.find() ?? '')));
  } else if (missing.some(({ required }) => required) && process.env['CI'] === 'true') {
    it(`${subject} – ${advice}`, () => {
      throw new Error(`a required peer is missing; ${advice}`);
    });
  } else {
    it.skip(`${subject} – ${missing.length === 0 ? refusal : advice}`, () => undefined);
  }
}
