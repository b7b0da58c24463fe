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
  const peer = peers.find((candidate) => candidate.name === name);
  const program = peer?.find();
  const advice = `needs ${name}: npm run peers ${name}`;
  if (program !== undefined) {
    describe(subject, () => body(program));
  } else if (peer?.required === true && process.env['CI'] === 'true') {
    it(`${subject} – ${advice}`, () => {
      throw new Error(`the required peer is missing; ${advice}`);
    });
  } else {
    it.skip(`${subject} – ${advice}`, () => undefined);
  }
}
