/** One address for several servers, as a Service of Kubernetes is: whole connections, in turn. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Address = {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `http://127.0.0.1:PORT` of a server; new connections go there too. */
  readonly add: (server: string) => void;
  /** New connections go elsewhere; those that are open stay. */
  readonly remove: (server: string) => void;
  readonly close: () => Promise<void>;
};

export async function openAddress(servers: readonly string[]): Promise<Address> {
  const all = [...servers];
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    turn += 1;
    const target = all[turn % all.length];
    if (target === undefined) return void client.destroy();
    const peer = connect(Number(new URL(target).port), '127.0.0.1');
    for (const [one, other] of [
      [client, peer],
      [peer, client],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    add: (one) => void all.push(one),
    remove: (one) => void all.splice(all.indexOf(one), 1),
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
