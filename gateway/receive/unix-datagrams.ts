/**
 * Unix datagram sockets, which Node does not have: by `unix-dgram`, a small native addon that is
 * installed where it can be built (docs/decisions/0011-unix-dgram.md).
 */
import { rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Problem } from '../../core/problem.ts';

export type UnixDatagrams = { readonly close: () => Promise<void> };

/** As much of the addon as is used. */
type Addon = {
  readonly createSocket: (type: 'unix_dgram', take: (datagram: Buffer) => void) => AddonSocket;
};

type AddonSocket = {
  readonly on: (event: 'error' | 'listening', listener: (error: Error) => void) => void;
  readonly bind: (path: string) => void;
  readonly close: () => void;
};

/** Undefined where the addon is not installed. A socket that a gateway left is replaced. */
export async function openUnixDatagrams(
  path: string,
  take: (datagram: Uint8Array) => void,
): Promise<UnixDatagrams | undefined> {
  const addon = loadAddon();
  if (addon === undefined) return undefined;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSocket()) {
    throw new Problem('OBS-2002', `${path} is there and is no socket`, { where: path });
  }
  if (found !== undefined) rmSync(path);
  const socket = addon.createSocket('unix_dgram', take);
  await new Promise<void>((resolve, reject) => {
    socket.on('listening', () => resolve());
    socket.on('error', reject);
    socket.bind(path);
  }).catch((cause: unknown) => {
    throw new Problem('OBS-2002', `cannot listen at ${path}: ${String(cause)}`, { cause });
  });
  // A datagram that could not be read is no reason to stop reading.
  socket.on('error', () => {});
  return {
    close: async () => {
      socket.close();
      rmSync(path, { force: true });
    },
  };
}

function loadAddon(): Addon | undefined {
  try {
    return createRequire(import.meta.url)('unix-dgram') as Addon;
  } catch {
    return undefined;
  }
}
