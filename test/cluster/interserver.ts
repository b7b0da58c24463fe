/**
 * Gives the engine in this process the address that its other replicas would fetch parts from.
 *
 * ClickHouse's server program takes `interserver_http_port` from its configuration when it starts
 * that listener. The engine in a process has no such listener and never sets the address, and
 * without one a replicated table stays read-only. So the function that answers it is replaced, in
 * the memory of this process, by one that answers `127.0.0.1` and the port. It is found by its own
 * first bytes: another release of the engine has others, and then this says so.
 */
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

/**
 * `Context::getInterserverIOAddress` of chDB 26.7 on x64: push r14, push rbx, sub rsp, load the
 * shared part, load the length of the host in it.
 */
const headOfFunction = Buffer.from('4156534883ec484c8b36490fbe8e67010000', 'hex');

const chunkSize = 16 * 1024 ** 2;

/** Call when the engine's library is loaded, before a replicated table is. */
export function setInterserverAddress(port: number): void {
  const memory = openSync('/proc/self/mem', 'r+');
  try {
    const position = findCode(memory);
    if (position === undefined) {
      throw new Error('this engine has another function for its address; see test/cluster');
    }
    writeSync(memory, answerOf(port), 0, undefined, position);
  } finally {
    closeSync(memory);
  }
}

function findCode(memory: number): number | undefined {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  const code = lines.filter((line) => line.includes('libchdb') && line.includes(' r-xp '));
  const chunk = Buffer.alloc(chunkSize);
  for (const line of code) {
    const [start = 0, end = 0] = (line.split(' ')[0] ?? '')
      .split('-')
      .map((hex) => parseInt(hex, 16));
    const step = chunkSize - headOfFunction.length;
    for (let position = start; position < end; position += step) {
      const size = readSync(memory, chunk, 0, Math.min(chunkSize, end - position), position);
      const index = chunk.subarray(0, size).indexOf(headOfFunction);
      if (index !== -1) return position + index;
    }
  }
  return undefined;
}

/** A pair of a short string in its place (its length in the last of 24 bytes) and the port. */
function answerOf(port: number): Buffer {
  const short = Buffer.alloc(2);
  short.writeUInt16LE(port);
  return Buffer.concat([
    Buffer.from('48b8', 'hex'), // mov rax, the first eight letters
    Buffer.from('127.0.0.'),
    Buffer.from('488907', 'hex'), // mov [rdi], rax
    Buffer.from('48c7470831000000', 'hex'), // mov qword [rdi+8], '1'
    Buffer.from('48b80000000000000009', 'hex'), // mov rax, the length, nine
    Buffer.from('48894710', 'hex'), // mov [rdi+16], rax
    Buffer.from('66c74718', 'hex'), // mov word [rdi+24], the port
    short,
    Buffer.from('4889f8c3', 'hex'), // mov rax, rdi; ret
  ]);
}
