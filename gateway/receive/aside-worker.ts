/** The thread of `aside.ts`: one task after the other, results given away without a copy. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../../core/assert.ts';
import { inflate } from '../decode/inflate.ts';
import { tryTranscode } from '../decode/json/transcode.ts';
import type { Done, Task } from './aside.ts';

const port = parentPort;
assert(port !== null, 'a worker thread');

port.on('message', (task: Task) => {
  const done = run(task);
  if (!done.ok) return port.postMessage(done);
  const body = ownBytes(done.body);
  port.postMessage({ ...done, body }, [body.buffer]);
});

function run(task: Task): Done {
  if (task.kind === 'transcode') return tryTranscode(task.signal, task.bytes);
  return inflate(task.encoding, task.bytes, task.bytesMax);
}

/** The bytes as all of a buffer: a view on more would take the rest along. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isAll = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isAll ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
