/**
 * Unix datagram sockets, which Node does not have: by `unix-dgram`, a small native addon that is
 * installed where it can be built (docs/decisions/0011-unix-dgram.md). It reads by the event loop
 * of the main thread, whichever thread calls it: in a worker, the first datagram would end the
 * process.
 */
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { assert } from '../../core/assert.ts';
import { Problem } from '../../core/problem.ts';
import { claimSocketPath } from './socket-path.ts';

export type UnixDatagrams = { readonly close: () => Promise<void> };

/** As much of the addon as is used. */
type Addon = {
  readonly createSocket: (type: 'unix_dgram', take: (datagram: Buffer) => void) => AddonSocket;
};

type AddonSocket = {
  readonly on: (event: 'error' | 'listening' | 'connect', listener: (error: Error) => void) => void;
  readonly connect: (path: string) => void;
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
  assert(isMainThread, 'the addon of Unix datagrams to be used in the main thread');
  await claimSocketPath(path, (at) => connectDatagrams(addon, at));
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
  let isOpen = true;
  return {
    close: async () => {
      // Closing it twice would end the process.
      if (!isOpen) return;
      isOpen = false;
      socket.close();
      rmSync(path, { force: true });
    },
  };
}

/** Connects, and says so by failing or not. */
function connectDatagrams(addon: Addon, path: string): Promise<void> {
  const socket = addon.createSocket('unix_dgram', () => {});
  const connecting = new Promise<void>((resolve, reject) => {
    socket.on('connect', () => resolve());
    socket.on('error', reject);
    socket.connect(path);
  });
  return connecting.finally(() => socket.close());
}

function loadAddon(): Addon | undefined {
  try {
    return createRequire(import.meta.url)('unix-dgram') as Addon;
  } catch {
    return undefined;
  }
}
