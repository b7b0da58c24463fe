/**
 * A TCP proxy in front of the engine, or of the gateway, that misbehaves when told. It reads only
 * as much HTTP as it needs to tell inserts from questions:
 *
 *     pass      bytes go both ways            hang     nothing goes on, connections stay open
 *     refuse    nobody listens                cut      an insert ends in the middle of its body
 *     lose      an insert is carried out, its answer never arrives
 *     error500, error503   an insert is answered so, and not carried out
 *     slow      answers come late
 */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type ProxyMode =
  | 'pass'
  | 'refuse'
  | 'hang'
  | 'cut'
  | 'lose'
  | 'error500'
  | 'error503'
  | 'slow';

type Pair = { readonly near: Socket; readonly far: Socket; isInsert: boolean };

const slowMs = 1_500;
const insertMark = Buffer.from('query=INSERT');

export class FaultyProxy {
  /** How many connections or inserts a mode has struck. */
  struck = 0;
  #target: { readonly host: string; readonly port: number };
  #mode: ProxyMode = 'pass';
  #server: Server;
  #port = 0;
  readonly #pairs = new Set<Pair>();

  private constructor(target: URL) {
    this.#target = { host: target.hostname, port: Number(target.port) };
    this.#server = this.#create();
  }

  static async start(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(new URL(target));
    await proxy.#listen();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async set(mode: ProxyMode): Promise<void> {
    const before = this.#mode;
    if (before === mode) return;
    this.#mode = mode;
    // What hung stays without an answer for ever: its peer learns it from the end.
    if (mode === 'refuse' || before === 'hang') this.#cutAll();
    if (mode === 'refuse') await new Promise((resolve) => this.#server.close(resolve));
    if (before === 'refuse') {
      this.#server = this.#create();
      await this.#listen();
    }
  }

  async stop(): Promise<void> {
    this.#cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #create(): Server {
    return createServer((near) => this.#accept(near));
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
  }

  #cutAll(): void {
    for (const pair of this.#pairs) cut(pair);
  }

  #accept(near: Socket): void {
    const far = dial(this.#target);
    const pair: Pair = { near, far, isInsert: false };
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      cut(pair);
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    near.on('data', (bytes: Buffer) => this.#forth(pair, bytes));
    far.on('data', (bytes: Buffer) => this.#back(pair, bytes));
  }

  #forth(pair: Pair, bytes: Buffer): void {
    const begins = bytes.includes(insertMark);
    if (begins) pair.isInsert = true;
    if (this.#mode === 'hang') {
      if (begins) this.struck += 1;
      pair.near.pause();
      return;
    }
    if (begins && this.#mode === 'cut') {
      this.struck += 1;
      pair.far.write(bytes.subarray(0, bytes.byteLength - (bytes.byteLength >> 2)), () => {
        cut(pair);
      });
      return;
    }
    if (begins && (this.#mode === 'error500' || this.#mode === 'error503')) {
      this.struck += 1;
      const status = this.#mode === 'error500' ? '500 Oops' : '503 Busy';
      pair.near.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy`);
      return;
    }
    pair.far.write(bytes);
  }

  #back(pair: Pair, bytes: Buffer): void {
    if (this.#mode === 'hang') return;
    const isAnswer = pair.isInsert;
    pair.isInsert = false;
    if (isAnswer && this.#mode === 'lose') {
      this.struck += 1;
      cut(pair);
    } else if (isAnswer && this.#mode === 'slow') {
      this.struck += 1;
      void pause(slowMs).then(() => pair.near.write(bytes));
    } else pair.near.write(bytes);
  }
}

function cut({ near, far }: Pair): void {
  near.destroy();
  far.destroy();
}
