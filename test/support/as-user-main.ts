/** An engine in a process of its own that runs what it is sent, as `as-user.ts` set it up. */
import { loadAddon } from '../../clickhouse/embedded/addon.ts';

const [dataDir = '', configFile = ''] = process.argv.slice(2);
const addon = loadAddon();
const connection = addon.CreateConnection(dataDir, [`--config-file=${configFile}`]);

process.on('message', (statement: string) => {
  addon.QueryAsyncConnection(connection, statement, 'JSONEachRow').then(
    ({ bytes }) => process.send?.({ text: bytes.toString() }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
// A parent that is gone asks nothing more.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send?.({ text: '' });
