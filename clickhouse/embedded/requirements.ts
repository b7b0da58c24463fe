/** Whether the engine can run here, said before anything is loaded or written. */
import { statfs } from 'node:fs/promises';
import { Problem } from '../../core/problem.ts';
import { formatBytes } from '../../core/units.ts';

/** Below this a directory cannot be opened: parts and merges need room. */
const freeDiskBytesMin = 256 * 1024 ** 2;

export type Platform = {
  readonly platform: string;
  readonly arch: string;
  /** The C library's version where it is glibc; undefined elsewhere. */
  readonly glibc: string | undefined;
};

/** Throws a Problem unless chDB has a build for this platform. */
export function checkPlatform(platform: Platform): void {
  const { platform: system, arch, glibc } = platform;
  const known = arch === 'x64' || arch === 'arm64';
  if (known && (system === 'darwin' || (system === 'linux' && glibc !== undefined))) return;
  const libc = system === 'linux' && glibc === undefined ? ' without glibc' : '';
  throw new Problem('OBS-3107', `chDB has no build for ${system} ${arch}${libc}`, {
    reach: 'outside',
  });
}

/** The platform of this process. */
export function currentPlatform(): Platform {
  let glibc: string | undefined;
  if (process.platform === 'linux') {
    const report = process.report.getReport() as {
      readonly header?: { readonly glibcVersionRuntime?: string };
    };
    glibc = report.header?.glibcVersionRuntime;
  }
  return { platform: process.platform, arch: process.arch, glibc };
}

/** Throws a Problem when the disk under `dataDir` is nearly full. */
export async function checkFreeDisk(dataDir: string): Promise<void> {
  const disk = await statfs(dataDir);
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes >= freeDiskBytesMin) return;
  const free = formatBytes(freeBytes);
  throw new Problem('OBS-3108', `${free} free, ${formatBytes(freeDiskBytesMin)} needed`, {
    where: dataDir,
    reach: 'outside',
  });
}
