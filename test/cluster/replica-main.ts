/** A replica in a process of its own: runs what it is sent, one statement after the other. */
import { loadAddon } from '../../clickhouse/embedded/addon.ts';
import { setInterserverAddress } from './interserver.ts';

const [dataDir = '', configFile = '', port = ''] = process.argv.slice(2);
const addon = loadAddon();
setInterserverAddress(Number(port));
const connection = addon.CreateConnection(dataDir, [`--config-file=${configFile}`]);

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
process.send?.({ id: 0, text: '' });
