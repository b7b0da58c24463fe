/**
 * Mutated HTTP/2 against a connection without a socket: it never throws, tells each call its end
 * once and nothing after it, and says the same whether the bytes come whole or in pieces.
 * `npm run fuzz -- h2 --seed S`.
 */
import { createHash } from 'node:crypto';
import { seededRandom } from '../../decode/testdata/load.ts';
import { Connection } from './connection.ts';
import { flag, frame, frameType } from './frame.ts';
import { encodeHeaders } from './hpack.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const framesMax = 30;
const changesMax = 5;
const piecesMax = 12;

/** Runs for `seconds`; throws with the seed and the bytes of the first finding. */
export function run(options: { readonly seed: number; readonly seconds: number }): void {
  const random = seededRandom(options.seed);
  const end = performance.now() + options.seconds * 1000;
  let runs = 0;
  let faults = 0;
  for (; performance.now() < end; runs += 1) {
    const bytes = mutate(conversation(random), random);
    try {
      const whole = listen([bytes]);
      if (whole.includes('fault')) faults += 1;
      const parts = listen(pieces(bytes, random));
      if (whole !== parts) throw new Error(`whole:\n${whole}\nin pieces:\n${parts}`);
    } catch (error) {
      const text = bytes.toString('base64');
      throw new Error(`seed ${options.seed}, bytes ${text}`, { cause: error });
    }
  }
  console.log(JSON.stringify({ fuzz: 'h2', seed: options.seed, runs, faults, findings: 0 }));
}

/** What a connection says to these bytes, and what its calls are told. */
function listen(chunks: readonly Buffer[]): string {
  const told: string[] = [];
  const sent = createHash('sha256');
  let isOver = false;
  const connection = new Connection({
    nowMs: () => 0,
    streamsMax: 8,
    open: (stream, headers) => {
      told.push(`${stream.id} ${JSON.stringify(headers)}`);
      const body = createHash('sha256');
      let state = 'open';
      const step = (next: string): void => {
        if (state === 'closed' || isOver) throw new Error(`${next} after ${state}`);
        if (state === 'ended' && next === 'ended') throw new Error('ended twice');
        state = next;
      };
      stream.reader = {
        take: (bytes, from, to) => {
          if (state !== 'open') throw new Error(`data after ${state}`);
          body.update(bytes.subarray(from, to));
        },
        end: () => {
          step('ended');
          told.push(`${stream.id} end ${body.copy().digest('hex')}`);
          stream.sendMessage(Buffer.alloc(stream.id % 4 === 1 ? 5 : 40));
        },
        closed: () => {
          step('closed');
          told.push(`${stream.id} closed`);
        },
      };
    },
    write: (bytes) => sent.update(bytes),
    end: (isFault) => told.push(isFault ? 'fault' : 'goodbye'),
    onFault: () => {},
  });
  // One static buffer, as in the server: what is kept of it shows as a difference.
  const shared = Buffer.alloc(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  for (const chunk of chunks) {
    chunk.copy(shared);
    connection.feed(shared, chunk.length);
    shared.fill(0xff);
  }
  connection.lost();
  isOver = true;
  return [...told, sent.digest('hex')].join('\n');
}

/** A client's side of a conversation, mostly well-formed. */
function conversation(random: () => number): Buffer {
  const below = (count: number): number => Math.floor(random() * count);
  const parts = [preface, frame(frameType.settings, 0, 0, Buffer.alloc(0))];
  let next = 1;
  for (let count = below(framesMax); count > 0; count -= 1) {
    const id = random() < 0.9 ? 1 + 2 * below(Math.max(1, next >> 1)) : below(2 * next + 2);
    const choice = random();
    if (choice < 0.35) {
      parts.push(...head(next, random));
      next += 2;
    } else if (choice < 0.95) parts.push(data(id, random));
    else {
      const type = below(11);
      const size = [4, 8, 5, 6, 0, below(64)][below(6)] ?? 0;
      const flags = random() < 0.5 ? 0 : below(256);
      const payload = Buffer.from(Array.from({ length: size }, () => below(256)));
      parts.push(frame(type, flags, random() < 0.5 ? 0 : id, payload));
    }
  }
  return Buffer.concat(parts);
}

function data(id: number, random: () => number): Buffer {
  const payload = Buffer.alloc(Math.floor(random() * 300), 7);
  const flags = (random() < 0.5 ? flag.endStream : 0) | (random() < 0.3 ? flag.padded : 0);
  return frame(frameType.data, flags, id, payload);
}

function head(id: number, random: () => number): Buffer[] {
  const plain = encodeHeaders({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    'content-type': 'application/grpc',
    te: random() < 0.9 ? 'trailers' : 'gzip',
  });
  // Literal fields that enter the table, and fields of the table.
  const indexed = Buffer.from([0x40, 1, 0x78, 1, 0x30 + Math.floor(random() * 10), 0xbe]);
  const block = random() < 0.5 ? plain : Buffer.concat([plain, indexed]);
  const end = random() < 0.3 ? flag.endStream : 0;
  if (random() < 0.7) return [frame(frameType.headers, flag.endHeaders | end, id, block)];
  const cut = Math.floor(random() * block.length);
  return [
    frame(frameType.headers, end, id, block.subarray(0, cut)),
    frame(frameType.continuation, flag.endHeaders, id, block.subarray(cut)),
  ];
}

function mutate(bytes: Buffer, random: () => number): Buffer {
  const changed = Buffer.from(bytes);
  for (let count = Math.floor(random() * changesMax); count > 0; count -= 1) {
    const at = preface.length + Math.floor(random() * (changed.length - preface.length));
    changed[at] = Math.floor(random() * 256);
  }
  return changed;
}

function pieces(bytes: Buffer, random: () => number): Buffer[] {
  const count = Math.floor(random() * piecesMax);
  const cuts = Array.from({ length: count }, () => Math.floor(random() * bytes.length));
  cuts.sort((a, b) => a - b);
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length));
}
