/**
 * Gives a replica an identity of its own. An engine in a process has no `uuid` file, so that all of
 * them keep their session under the same node of ZooKeeper, and each new one ends the session of
 * the one before. This proxy writes another UUID of the same length into the frames on their way.
 */
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { freePort } from '../support/free-ports.ts';

export type SessionProxy = {
  readonly port: number;
  /** Ends every connection and refuses new ones, until `open`. */
  readonly cut: () => void;
  readonly open: () => void;
  readonly stop: () => Promise<void>;
};

const nobody = '00000000-0000-0000-0000-000000000000';

/** @param target port of the ZooKeeper on this machine */
export async function startSessionProxy(target: number, uuid: string): Promise<SessionProxy> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = tcpConnect(target, '127.0.0.1');
    relay(client, upstream, nobody, uuid);
    relay(upstream, client, uuid, nobody);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
  });
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    cut: () => {
      isCut = true;
      endAll();
    },
    open: () => {
      isCut = false;
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      endAll();
      await closed;
    },
  };
}

/** Whole frames only (four bytes of length in front), so that no name is cut in two. */
function relay(from: Socket, to: Socket, before: string, after: string): void {
  let held: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
      const size = 4 + held.readUInt32BE(0);
      // One letter a byte, there and back.
      const text = held.toString('latin1', 0, size).replaceAll(before, after);
      to.write(Buffer.from(text, 'latin1'));
      held = held.subarray(size);
    }
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}
