import { connect } from 'node:http2';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { RecordingLane, until } from '../../test/support/receiving.ts';
import { Admission } from './admission.ts';
import { startGrpc } from './grpc.ts';

const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

describe.each(['own', 'node'] as const)('a lane that is too busy, framing %s', (framing) => {
  it('asks the busiest of its connections to come back, and never the only one', async () => {
    const lane = new RecordingLane();
    const receiver = await startGrpc({
      host: '127.0.0.1',
      port: 0,
      acceptor: lane,
      admission: new Admission(2 ** 20),
      clock: systemClock,
      framing,
    });
    const told: string[] = [];
    const open = (name: string) => {
      const session = connect(`http://127.0.0.1:${receiver.address.port}`);
      session.on('goaway', () => told.push(name));
      session.on('error', () => {});
      const send = (): Promise<void> =>
        new Promise((resolve) => {
          const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' };
          const stream = session.request(headers);
          stream.on('close', () => resolve());
          stream.resume();
          stream.end(Buffer.alloc(5));
        });
      return { session, send };
    };
    const [quiet, busy] = [open('quiet'), open('busy')];
    await busy.send();
    await busy.send();
    receiver.moveOne();
    await quiet.send();
    expect(told).toEqual([]);
    await busy.send();
    await busy.send();
    receiver.moveOne();
    await until(() => told.length > 0);
    // Node's server says it twice.
    expect(new Set(told)).toEqual(new Set(['busy']));
    await until(() => receiver.connectionCount() === 1);
    expect(lane.submissions).toHaveLength(5);
    quiet.session.destroy();
    busy.session.destroy();
    await receiver.close(0);
  });
});
