/**
 * Damaged segment files: a log opens whatever its bytes say, gives back nothing but records that
 * were appended, and goes on. `npm run fuzz -- log`.
 */
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { type FuzzOptions, fuzz } from '../../test/support/fuzzing.ts';
import { seededRandom } from '../../test/support/random.ts';
import { SimulatedDisk } from '../../test/support/simulated-disk.ts';
import { openWal } from './wal.ts';
import type { WalFs } from './wal-fs.ts';
import type { RecordMeta } from './wal-types.ts';

const dir = 'log';
const meta: RecordMeta = {
  kind: 1,
  receivedAtNs: 1n,
  contentType: 0,
  contentEncoding: 0,
  decoderVersion: 1,
  settingsFingerprint: 0,
  samplingThreshold: 0n,
  flags: 0,
  rejectedItems: 0,
  tenant: 'blue',
};
const bodies = Array.from({ length: 9 }, (_, index) => Buffer.alloc(20 + index * 30, index + 1));

export async function run(options: FuzzOptions): Promise<void> {
  const { name, segment } = await pristine();
  const attempt = async (bytes: Buffer): Promise<string> => {
    const disk = new SimulatedDisk(seededRandom(1));
    const fs = disk.mount();
    fs.makeDirectory(dir);
    writeFile(fs, join(dir, name), bytes);
    return await survive(fs, options.canary === true);
  };
  await fuzz({ name: 'log', inputs: [segment], attempt }, options);
}

/** Opens, reads, appends, opens again. */
async function survive(fs: WalFs, isCanary: boolean): Promise<string> {
  const { wal } = await open(fs);
  const read = await Array.fromAsync(wal.read(0, wal.durablePosition()));
  for (const record of read) {
    const isOurs = bodies.some((body) => body.equals(record.body));
    // The planted bug: a reader that trusts a length without the checksum.
    if (!isOurs || (isCanary && read.length < bodies.length)) {
      throw new Error(`a record at ${record.position} that was never appended`);
    }
  }
  await wal.durable(wal.append(meta, Buffer.from('one more')));
  wal.invariants();
  await wal.close();
  const second = (await open(fs)).wal;
  const again = await Array.fromAsync(second.read(0, second.durablePosition()));
  await second.close();
  if (Buffer.compare(again.at(-1)?.body ?? Buffer.alloc(0), Buffer.from('one more')) !== 0) {
    throw new Error('what was appended behind the damage is not there');
  }
  return read.length === bodies.length ? 'whole' : `${read.length} records`;
}

async function pristine(): Promise<{ readonly name: string; readonly segment: Buffer }> {
  const fs = new SimulatedDisk(seededRandom(1)).mount();
  const { wal } = await open(fs);
  for (const body of bodies) await wal.durable(wal.append(meta, body));
  await wal.close();
  const name = fs.list(dir).find((entry) => entry.endsWith('.segment')) ?? '';
  return { name, segment: await readFile(fs, join(dir, name)) };
}

function open(fs: WalFs): ReturnType<typeof openWal> {
  return openWal({
    dir,
    fs,
    clock: systemClock,
    segmentBytes: 64 * 1024,
    sizeBytesMax: 1024 * 1024,
    recordBytesMax: 500,
    destinations: ['clickhouse'],
  });
}

function writeFile(fs: WalFs, path: string, bytes: Buffer): void {
  const file = fs.open(path, 'create');
  for (let at = 0; at < bytes.length; ) at += fs.write(file, [bytes.subarray(at)], at);
  fs.close(file);
}

async function readFile(fs: WalFs, path: string): Promise<Buffer> {
  const file = fs.open(path, 'read');
  const bytes = Buffer.alloc(fs.sizeBytes(file));
  for (let at = 0; at < bytes.length; ) {
    const read = await fs.read(file, bytes.subarray(at), at);
    if (read === 0) break;
    at += read;
  }
  fs.close(file);
  // What is preallocated behind the records would only take the damage away from them.
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  return bytes.subarray(0, Math.ceil(end / 8) * 8);
}
