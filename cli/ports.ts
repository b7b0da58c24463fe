/** Default ports where they are free; else the next free one, with the holder named. */
import { isProblem } from '../core/problem.ts';
import { probeDatagrams } from '../gateway/receive/datagrams.ts';
import { type Address, probeAddress } from '../gateway/receive/listen.ts';

/** `127.0.0.1:4317`; the text said when another had to be taken goes to `say`. */
export async function freeAddress(
  what: string,
  wanted: Address,
  say: (text: string) => void,
  probe = probeAddress,
): Promise<string> {
  try {
    await probe(wanted);
    return `${wanted.host}:${wanted.port}`;
  } catch (error) {
    if (!isProblem(error) || error.code !== 'OBS-2001') throw error;
    const { port } = await probe({ host: wanted.host, port: 0 });
    say(`${what}: ${error.where ?? wanted.port}: ${error.message}; using port ${port} instead\n`);
    return `${wanted.host}:${port}`;
  }
}

/** The same for datagrams. */
export function freeUdpAddress(
  what: string,
  wanted: Address,
  say: (text: string) => void,
): Promise<string> {
  return freeAddress(what, wanted, say, probeDatagrams);
}
