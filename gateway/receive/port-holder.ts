/**
 * Who holds a TCP port, as far as `/proc` lets us see: the kernel's table of listening sockets
 * gives the socket's inode, the open files of the processes give its owner. Only for the text of
 * an error, so everything that fails means "unknown".
 */
import { readdir, readFile, readlink } from 'node:fs/promises';

export type PortHolder = { readonly pid: number; readonly command: string };

/** `0A` in the state column: LISTEN. */
const listenState = '0A';
/** More processes than this are not searched: an error message is not worth seconds. */
const processCountMax = 20_000;
const commandCharsMax = 80;

/** The first process that listens on `port`; `undefined` without `/proc` or the rights. */
export async function findPortHolder(
  port: number,
  procDirectory = '/proc',
): Promise<PortHolder | undefined> {
  const sockets = await listeningSockets(port, procDirectory);
  if (sockets.size === 0) return undefined;
  const names = await readdir(procDirectory).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).slice(0, processCountMax);
  for (const pid of pids) {
    if (!(await holdsOne(`${procDirectory}/${pid}/fd`, sockets))) continue;
    return { pid: Number(pid), command: await commandOf(`${procDirectory}/${pid}`) };
  }
  return undefined;
}

/** `pid 4242 (otelcol --config …)`, for a message. */
export function describeHolder(holder: PortHolder): string {
  return `pid ${holder.pid} (${holder.command})`;
}

/** Link texts `socket:[inode]` of all listeners on the port, over IPv4 and IPv6. */
async function listeningSockets(port: number, procDirectory: string): Promise<Set<string>> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`${procDirectory}/net/${table}`, 'latin1').catch(() => '');
    for (const line of text.split('\n').slice(1)) {
      // sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode
      const columns = line.trim().split(/\s+/);
      if (columns[3] !== listenState || columns[1]?.split(':')[1] !== wanted) continue;
      sockets.add(`socket:[${columns[9]}]`);
    }
  }
  return sockets;
}

async function holdsOne(directory: string, sockets: Set<string>): Promise<boolean> {
  const files = await readdir(directory).catch(() => []);
  for (const file of files) {
    const target = await readlink(`${directory}/${file}`).catch(() => '');
    if (sockets.has(target)) return true;
  }
  return false;
}

async function commandOf(directory: string): Promise<string> {
  const line = await readFile(`${directory}/cmdline`, 'utf8').catch(() => '');
  const words = line.split('\0').join(' ').trim();
  if (words === '') return 'name unknown';
  return words.length <= commandCharsMax ? words : `${words.slice(0, commandCharsMax - 1)}…`;
}
