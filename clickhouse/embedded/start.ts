/** Opens the data directory and listens. What `main.ts` runs, without the process around it. */
import { mkdir } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { resolve } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { loadAddon } from './addon.ts';
import { Engine } from './engine.ts';
import type { Announcement, EmbeddedOptions } from './options.ts';
import { createEngineServer } from './server.ts';

export type RunningEngine = {
  readonly announcement: Announcement;
  /** Finishes running inserts, cancels queries, closes the directory. */
  readonly stop: () => Promise<void>;
};

export async function startEmbedded(options: EmbeddedOptions): Promise<RunningEngine> {
  const dataDir = resolve(options.dataDir);
  const { host, port } = parseListen(options.listen);
  await mkdir(dataDir, { recursive: true });
  const engine = await Engine.open(loadAddon(), { ...options, dataDir });
  const server = createEngineServer(engine);
  const address = await listen(server, host, port);
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    announcement: {
      ready: 'embedded',
      url: `http://${name}:${address.port}`,
      pid: process.pid,
      dataDir,
      version: engine.version,
    },
    stop: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeIdleConnections();
      await closed;
      engine.close();
    },
  };
}

/** `host:port`, `[::1]:port` or `:port` (loopback). */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new Problem('OBS-1003', `--listen ${text}: expected HOST:PORT, such as 127.0.0.1:8123`);
  }
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Problem('OBS-3102', `cannot listen on ${host}:${port}: ${error.message}`, {
          cause: error,
          reach: 'outside',
        }),
      );
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}
