/**
 * A replica in a process of its own: runs what it is sent, one statement after the other, and
 * answers over HTTP as `obsctl embedded` does.
 */
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Addon, loadAddon } from '../../clickhouse/embedded/addon.ts';
import { Engine } from '../../clickhouse/embedded/engine.ts';
import { defaultMarkCacheBytes, defaultMemoryBytesMax } from '../../clickhouse/embedded/options.ts';
import { createEngineServer } from '../../clickhouse/embedded/server.ts';
import { systemClock } from '../../core/clock.ts';
import { setInterserverAddress } from './interserver.ts';

const [dataDir = '', configFile = '', port = ''] = process.argv.slice(2);
// The engine names files of inserts from there.
const emptyDir = join(dataDir, 'user_files');
mkdirSync(emptyDir, { recursive: true });
process.chdir(emptyDir);
const plain = loadAddon();
setInterserverAddress(Number(port));
// The engine's own options are those of its first connection.
const addon: Addon = {
  ...plain,
  CreateConnection: (path, words) =>
    plain.CreateConnection(path, words && [...words, `--config-file=${configFile}`]),
};
const engine = await Engine.open(addon, {
  dataDir,
  memoryBytesMax: defaultMemoryBytesMax,
  markCacheBytes: defaultMarkCacheBytes,
  clock: systemClock,
});
const connection = addon.CreateConnection(dataDir);
const server = createEngineServer({
  ...{ engine, users: undefined, clock: systemClock },
  origin: { loopbackOnly: true },
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

type Question = { readonly id: number; readonly statement: string };

let last: Promise<unknown> = Promise.resolve();
process.on('message', ({ id, statement }: Question) => {
  last = last.then(() =>
    addon.QueryAsyncConnection(connection, statement, 'JSONEachRow').then(
      ({ bytes }) => process.send?.({ id, text: bytes.toString() }),
      (error: Error) => process.send?.({ id, error: error.message }),
    ),
  );
});
// A parent that is gone asks nothing more.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
const address = server.address() as AddressInfo;
process.send?.({ id: 0, text: `http://127.0.0.1:${address.port}` });
