/** Bodies of lines of realistic shape for benches: seeded, the same bytes each time. */
import { seededRandom } from '../../testdata/load.ts';

export type Shape = 'telegraf' | 'one_field' | 'integers' | 'strings';

/** `count` lines of 1 to 10 fields, with times within five seconds before `atNs`. */
export function batchOf(shape: Shape, count: number, seed: number, atNs: bigint): Uint8Array {
  const random = seededRandom(seed);
  const make = shapes[shape];
  const lines = Array.from({ length: count }, (_, index) => {
    const at = atNs - BigInt(Math.floor(random() * 5e9));
    return `${make(random, index)} ${at}\n`;
  });
  return new Uint8Array(Buffer.from(lines.join('')));
}

type Random = () => number;

/** What Telegraf's inputs of the same names write for one machine. */
const cpuFields = ['user', 'system', 'idle', 'nice', 'iowait', 'irq', 'softirq', 'steal', 'guest'];

function cpu(random: Random, index: number): string {
  const values = cpuFields.map((name) => {
    const value = random() < 0.3 ? 0 : random() * 100;
    return `usage_${name}=${value}`;
  });
  return `cpu,cpu=cpu${index % 16},host=web-1,region=eu-west-1 ${values.join(',')}`;
}

function disk(random: Random, index: number): string {
  const bytes = (): number => Math.floor(random() * 1e12);
  const where = `device=sda${index % 4},fstype=ext4,host=web-1,mode=rw,path=/data/${index % 4}`;
  const inodes = `inodes_free=${bytes()}i,inodes_total=6553600i,inodes_used=${bytes()}i`;
  const space = `free=${bytes()}i,total=${bytes()}i,used=${bytes()}i`;
  return `disk,${where},region=eu-west-1 ${space},${inodes},used_percent=${random() * 100}`;
}

function net(random: Random, index: number): string {
  const count = (): number => Math.floor(random() * 1e10);
  const where = `net,host=web-1,interface=eth${index % 3},region=eu-west-1`;
  return `${where} bytes_recv=${count()}i,bytes_sent=${count()}i,err_in=0i,packets_sent=${count()}i`;
}

const shapes: Readonly<Record<Shape, (random: Random, index: number) => string>> = {
  telegraf: (random, index) => [cpu, disk, net, cpu][index % 4]!(random, index),
  one_field: (random, index) =>
    `cpu,cpu=cpu${index % 8},host=web-${index % 100},region=eu-west-1 usage=${random() * 100}`,
  integers: net,
  strings: (random, index) =>
    `deploy,host=web-1,service=shop${index % 5} version="2.${index % 90}.1",took=${random()},` +
    'note="built by \\"ci\\" in 12 s"',
};
