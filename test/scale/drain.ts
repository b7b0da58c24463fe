/** What is done with the volume of a gateway that has ended: its log is delivered to the end. */
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { startProgram } from '../support/program.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');

export async function drain(clickhouseUrl: string, dataDir: string): Promise<void> {
  const words = ['gateway', '--clickhouse', clickhouseUrl, '--data-dir', dataDir, '--drain'];
  const { code, stderr } = await startProgram(process.execPath, [main, ...words]).ended;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}
