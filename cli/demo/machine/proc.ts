/**
 * Readers of Linux's /proc, as figures. Each returns an empty list where the file is missing, so
 * that the demo runs (with less to show) on a machine without /proc. Sources: proc(5).
 */
import { readdirSync, readFileSync, statfsSync } from 'node:fs';

/** The kernel's clock ticks a second (USER_HZ), fixed at 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const sectorBytes = 512;
const pageBytes = 4096;

export type CpuTime = { readonly cpu: string; readonly state: string; readonly seconds: number };

/** `system.cpu.time`: seconds by logical CPU and state. */
export function readCpuTimes(): readonly CpuTime[] {
  const states = ['user', 'nice', 'system', 'idle', 'wait', 'interrupt', 'softirq', 'steal'];
  return lines('/proc/stat')
    .filter((line) => /^cpu\d+ /.test(line))
    .flatMap((line) => {
      const [cpu = '', ...ticks] = line.split(/\s+/);
      return states.map((state, index) => ({
        cpu,
        state,
        seconds: Number(ticks[index] ?? 0) / ticksPerSecond,
      }));
    });
}

export type Amount = { readonly state: string; readonly value: number };

/** `system.memory.usage`: bytes by state, as the Collector's memory scraper splits them. */
export function readMemory(): readonly Amount[] {
  const kilobytes = new Map(
    lines('/proc/meminfo').map((line) => {
      const [key = '', value = '0'] = line.split(/:\s+/);
      return [key, Number.parseInt(value, 10)] as const;
    }),
  );
  if (kilobytes.size === 0) return [];
  const bytes = (key: string): number => (kilobytes.get(key) ?? 0) * 1024;
  const cached = bytes('Cached') + bytes('SReclaimable');
  const used = bytes('MemTotal') - bytes('MemFree') - bytes('Buffers') - cached;
  return [
    { state: 'used', value: used },
    { state: 'free', value: bytes('MemFree') },
    { state: 'buffered', value: bytes('Buffers') },
    { state: 'cached', value: cached },
    { state: 'slab_reclaimable', value: bytes('SReclaimable') },
    { state: 'slab_unreclaimable', value: bytes('SUnreclaim') },
  ];
}

/** 1, 5 and 15 minute load. */
export function readLoad(): readonly number[] {
  const [line = ''] = lines('/proc/loadavg');
  return line === '' ? [] : line.split(' ').slice(0, 3).map(Number);
}

export type DeviceAmount = {
  readonly device: string;
  readonly direction: string;
  readonly value: number;
};

export type DiskFigures = {
  readonly bytes: readonly DeviceAmount[];
  readonly operations: readonly DeviceAmount[];
};

/** `system.disk.io` and `system.disk.operations`, whole devices and partitions with traffic. */
export function readDisks(): DiskFigures {
  const bytes: DeviceAmount[] = [];
  const operations: DeviceAmount[] = [];
  for (const line of lines('/proc/diskstats')) {
    const [, , device = '', ...counts] = line.trim().split(/\s+/);
    const figure = (index: number): number => Number(counts[index] ?? 0);
    if (/^(loop|ram)\d/.test(device) || figure(0) + figure(4) === 0) continue;
    operations.push({ device, direction: 'read', value: figure(0) });
    operations.push({ device, direction: 'write', value: figure(4) });
    bytes.push({ device, direction: 'read', value: figure(2) * sectorBytes });
    bytes.push({ device, direction: 'write', value: figure(6) * sectorBytes });
  }
  return { bytes, operations };
}

export type NetworkFigures = {
  readonly bytes: readonly DeviceAmount[];
  readonly packets: readonly DeviceAmount[];
  readonly errors: readonly DeviceAmount[];
};

/** `system.network.io`, `.packets` and `.errors` by interface and direction. */
export function readNetwork(): NetworkFigures {
  const bytes: DeviceAmount[] = [];
  const packets: DeviceAmount[] = [];
  const errors: DeviceAmount[] = [];
  for (const line of lines('/proc/net/dev').filter((text) => text.includes(':'))) {
    const [name = '', rest = ''] = line.split(':');
    const device = name.trim();
    const counts = rest.trim().split(/\s+/).map(Number);
    const add = (list: DeviceAmount[], received: number, sent: number): void => {
      list.push({ device, direction: 'receive', value: counts[received] ?? 0 });
      list.push({ device, direction: 'transmit', value: counts[sent] ?? 0 });
    };
    add(bytes, 0, 8);
    add(packets, 1, 9);
    add(errors, 2, 10);
  }
  return { bytes, packets, errors };
}

export type FileSystem = {
  readonly device: string;
  readonly mountpoint: string;
  readonly type: string;
  readonly mode: string;
  readonly used: number;
  readonly free: number;
  readonly reserved: number;
};

/** `system.filesystem.usage`: real file systems, each device once. */
export function readFileSystems(): readonly FileSystem[] {
  const seen = new Set<string>();
  return lines('/proc/mounts').flatMap((line) => {
    const [device = '', mountpoint = '', type = '', options = ''] = line.split(' ');
    if (!device.startsWith('/dev/') || seen.has(device)) return [];
    seen.add(device);
    try {
      const { blocks, bfree, bavail, bsize } = statfsSync(mountpoint);
      const mode = options.split(',').includes('ro') ? 'ro' : 'rw';
      const reserved = (bfree - bavail) * bsize;
      const used = (blocks - bfree) * bsize;
      return [{ device, mountpoint, type, mode, used, free: bavail * bsize, reserved }];
    } catch {
      // A mount that went away between the two reads, or that we may not look at.
      return [];
    }
  });
}

export type ProcessFigures = {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
};

/** Every process that can be read; one that ends meanwhile is left out. */
export function readProcesses(): readonly ProcessFigures[] {
  let pids: readonly string[];
  try {
    pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
  return pids.flatMap((pid) => {
    const [line = ''] = lines(`/proc/${pid}/stat`);
    // The name stands in brackets and may itself hold brackets and spaces.
    const end = line.lastIndexOf(')');
    if (end < 0) return [];
    const name = line.slice(line.indexOf('(') + 1, end);
    const fields = line.slice(end + 2).split(' ');
    return [
      {
        pid: Number(pid),
        name,
        state: fields[0] ?? '?',
        userSeconds: Number(fields[11]) / ticksPerSecond,
        systemSeconds: Number(fields[12]) / ticksPerSecond,
        virtualBytes: Number(fields[20]),
        residentBytes: Number(fields[21]) * pageBytes,
      },
    ];
  });
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
