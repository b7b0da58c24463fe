/**
 * Compiles the decoder's core to WebAssembly and writes it as `gateway/decode/wasm/module.ts`,
 * part of `npm run update`. The module is committed so that nobody needs the compiler to run it;
 * `wasm.test.ts` compiles it again and compares.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';
import { memoryPages } from '../gateway/decode/wasm/layout.ts';

const folder = join(import.meta.dirname, '../gateway/decode/wasm');
const lineChars = 94;

/** The module's bytes. Throws what the compiler says. */
export async function compileCore(): Promise<Uint8Array> {
  const memory = String(memoryPages);
  let bytes: Uint8Array | undefined;
  const { error, stderr } = await main(
    [
      ...['index.ts', '--baseDir', join(folder, 'assembly'), '--outFile', 'core.wasm'],
      ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      ...['--enable', 'simd', '--initialMemory', memory, '--maximumMemory', memory],
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
export function moduleFile(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64');
  const lines = text.match(new RegExp(`.{1,${lineChars}}`, 'g')) ?? [];
  return `/**
 * The module of \`assembly/\`, compiled by \`npm run update\`. Text alone: no allocations but its
 * own. Watched by \`decode.bench.ts\`.
 */
export const moduleBase64 = [
${lines.map((line) => `  '${line}',\n`).join('')}].join('');
`;
}

export async function updateCore(): Promise<void> {
  await writeFile(join(folder, 'module.ts'), moduleFile(await compileCore()));
}
