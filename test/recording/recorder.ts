/** Takes what a Collector exports over OTLP/gRPC, keeps the bodies, and writes them to a file. */
import { statSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../core/clock.ts';
import { Admission } from '../../gateway/receive/admission.ts';
import { startGrpc } from '../../gateway/receive/grpc.ts';
import type { Address } from '../../gateway/receive/listen.ts';
import { RecordingCounters, RecordingLane, stored } from '../support/receiving.ts';
import { encodeRecording, type RecordedRequest } from './file.ts';

export type Recorder = {
  readonly address: Address;
  /** Takes nothing more, and writes the file. */
  readonly finish: (file: string) => Promise<void>;
};

const bodyBytesMax = 16 * 1024 ** 2;

export async function startRecorder(listen: Address): Promise<Recorder> {
  const startMs = Date.now();
  const requests: RecordedRequest[] = [];
  const lane = new RecordingLane();
  lane.answer = async ({ signal }) => {
    const { body } = lane.submissions.pop() ?? {};
    if (body !== undefined) {
      requests.push({ afterMs: Date.now() - startMs, signal, body: Buffer.from(body) });
    }
    return stored;
  };
  const receiver = await startGrpc({
    ...{ ...listen, acceptor: lane, admission: new Admission(8 * bodyBytesMax) },
    counters: new RecordingCounters(),
    clock: systemClock,
    limits: { bodyBytesMax },
  });
  return {
    address: receiver.address,
    finish: async (file) => {
      await receiver.close(1_000);
      writeFileSync(file, encodeRecording({ startMs, requests }));
      process.stderr.write(`${requests.length} requests, ${statSync(file).size} bytes: ${file}\n`);
    },
  };
}
