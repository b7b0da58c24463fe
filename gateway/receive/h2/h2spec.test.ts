/** HTTP/2's own conformance suite against the port that is served by our framing. */
import { execFile } from 'node:child_process';
import { expect, it } from '@jest/globals';
import { systemClock } from '../../../core/clock.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import { RecordingLane } from '../../../test/support/receiving.ts';
import { Admission } from '../admission.ts';
import { startGrpc } from '../grpc.ts';

const suiteMsMax = 120_000;

describeWithPeer('h2spec', 'h2spec', (program) => {
  it(
    'finds no fault, strict cases included',
    async () => {
      const receiver = await startGrpc({
        host: '127.0.0.1',
        port: 0,
        acceptor: new RecordingLane(),
        admission: new Admission(2 ** 26),
        clock: systemClock,
        framing: 'own',
      });
      const words = ['-h', '127.0.0.1', '-p', String(receiver.address.port), '--strict', '-o', '5'];
      const report = await new Promise<string>((resolve) => {
        execFile(program, words, (_error, stdout) => resolve(stdout));
      });
      await receiver.close(0);
      const [, total, passed] = /(\d+) tests, (\d+) passed, 0 skipped, 0 failed/.exec(report) ?? [];
      const failures = report.slice(report.indexOf('Failures:'));
      expect(passed === undefined ? failures : passed).toBe(total);
      expect(Number(total)).toBeGreaterThan(140);
    },
    suiteMsMax,
  );
});
