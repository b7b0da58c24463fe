/**
 * Compiles the decoder's core to WebAssembly and writes it as `gateway/decode/wasm/module.ts`, and
 * so the checksum's kernel in `clickhouse/native/values/wasm`, part of `npm run update`. The modules
 * are committed so that nobody needs the compiler to run them; `wasm.test.ts` and
 * `checksum.test.ts` compile them again and compare.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';
import { memoryPages } from '../gateway/decode/wasm/layout.ts';

const folder = join(import.meta.dirname, '../gateway/decode/wasm');
const kernelFolder = join(import.meta.dirname, '../clickhouse/native/values/wasm');
const lineChars = 94;
/** What the kernel begins with; it asks for more itself. */
const kernelPages = '2';

/** The core's bytes. Throws what the compiler says. */
export function compileCore(): Promise<Uint8Array> {
  const memory = String(memoryPages);
  return compile(folder, ['--initialMemory', memory, '--maximumMemory', memory]);
}

/** The bytes of the checksum's kernel. */
export function compileKernel(): Promise<Uint8Array> {
  return compile(kernelFolder, ['--initialMemory', kernelPages]);
}

async function compile(from: string, memory: readonly string[]): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const { error, stderr } = await main(
    [
      ...['index.ts', '--baseDir', join(from, 'assembly'), '--outFile', 'core.wasm'],
      ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      ...['--enable', 'simd', ...memory],
    ],
    {
      writeFile: (_name: string, contents: Uint8Array | string) => {
        if (typeof contents !== 'string') bytes = contents;
      },
    },
  );
  if (error !== null || bytes === undefined) throw new Error(`assemblyscript: ${stderr}`);
  return bytes;
}

/** The source file that holds `bytes`. */
export function moduleFile(bytes: Uint8Array, bench = 'decode.bench.ts'): string {
  const text = Buffer.from(bytes).toString('base64');
  const lines = text.match(new RegExp(`.{1,${lineChars}}`, 'g')) ?? [];
  return `/**
 * The module of \`assembly/\`, compiled by \`npm run update\`. Text alone: no allocations but its
 * own. Watched by \`${bench}\`.
 */
export const moduleBase64 = [
${lines.map((line) => `  '${line}',\n`).join('')}].join('');
`;
}

/** Rewrites both modules. */
export async function updateCore(): Promise<void> {
  await writeFile(join(folder, 'module.ts'), moduleFile(await compileCore()));
  const kernel = moduleFile(await compileKernel(), 'values.bench.ts');
  await writeFile(join(kernelFolder, 'module.ts'), kernel);
}
