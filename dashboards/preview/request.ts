/** Reads and checks the body of a query: types, ranges and sizes, before anything uses it. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Problem } from '../../core/problem.ts';
import type { QueryRequest } from './queries.ts';

const bodyBytesMax = 256 * 1024;
const momentMsMax = 4_102_444_800_000;

const value = z.union([z.string().max(10_000), z.array(z.string().max(10_000)).max(1000)]);

const schema = z.object({
  dashboard: z.string().max(200).optional(),
  panel: z.number().int().optional(),
  refId: z.string().max(10).optional(),
  variable: z.string().max(200).optional(),
  annotation: z.string().max(200).optional(),
  sql: z.string().max(100_000).optional(),
  scope: z.object({
    fromMs: z.number().min(0).max(momentMsMax),
    toMs: z.number().min(0).max(momentMsMax),
    intervalMs: z.number().min(1).max(momentMsMax),
    variables: z.record(z.string().max(200), value),
  }),
});

export async function readRequest(request: IncomingMessage): Promise<QueryRequest> {
  if (!String(request.headers['content-type'] ?? '').startsWith('application/json')) {
    throw new Problem('OBS-4003', 'a query must be sent as application/json');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > bodyBytesMax) throw new Problem('OBS-4003', 'the body of the query is too large');
    chunks.push(chunk as Buffer);
  }
  const parsed = schema.safeParse(parse(Buffer.concat(chunks).toString()));
  if (!parsed.success) throw new Problem('OBS-4003', z.prettifyError(parsed.error));
  return parsed.data as QueryRequest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem('OBS-4003', 'the body of the query is not JSON', { cause });
  }
}
