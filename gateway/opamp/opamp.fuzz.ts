/**
 * Damaged messages of agents: each is taken or malformed and nothing else, in bounded time; what
 * is taken is what protobufjs reads; and no answer has a field that offers something.
 * `npm run fuzz -- opamp`.
 */
import { type FuzzOptions, fuzz } from '../../test/support/fuzzing.ts';
import { isMalformed } from '../decode/wire.ts';
import { Agents } from './agents.ts';
import { encodeAnswer } from './answer.ts';
import { type AgentMessage, decodeAgentMessage } from './message.ts';
import { agentRow } from './rows.ts';
import { decodeAnswer, encodeAgentMessage, fullMessage, opampType, uid } from './testdata/opamp.ts';

const offered = new Set(['instance_uid', 'flags', 'capabilities']);

export async function run(options: FuzzOptions): Promise<void> {
  const inputs = [
    encodeAgentMessage(fullMessage(0)),
    encodeAgentMessage({ instance_uid: uid, sequence_num: 1, capabilities: 5 }),
    encodeAgentMessage({ ...fullMessage(2), agent_disconnect: {}, flags: 1 }),
  ];
  const agents = new Agents();
  let nowMs = 1_795_003_200_000;
  const attempt = (bytes: Buffer): string => {
    let message: AgentMessage;
    try {
      message = decodeAgentMessage(bytes);
    } catch (error) {
      if (isMalformed(error)) return 'malformed';
      throw error;
    }
    nowMs += 1;
    const asks = agents.take('', message, nowMs);
    const fields = Object.keys(decodeAnswer(encodeAnswer(message.instanceUid, asks)));
    if (fields.some((field) => !offered.has(field))) throw new Error(`an answer offers ${fields}`);
    const due = agents.due(nowMs, 60_000);
    for (const state of due) JSON.stringify(agentRow(state));
    agents.written(due);
    // The planted bug: ids that protobufjs reads in another way.
    compare(bytes, options.canary === true ? message.instanceUid.slice(2) : message.instanceUid);
    return 'taken';
  };
  await fuzz({ name: 'opamp', inputs, attempt }, options);
}

/** The last of several ids counts, for both. */
function compare(bytes: Buffer, instanceUid: string): void {
  const type = opampType('AgentToServer');
  let read: Record<string, unknown>;
  try {
    read = type.toObject(type.decode(bytes));
  } catch {
    // It is stricter about what we pass over, and wire types of known fields.
    return;
  }
  const id = Buffer.from((read['instance_uid'] as Uint8Array | undefined) ?? []).toString('hex');
  if (id !== instanceUid) throw new Error(`id ${instanceUid}, protobufjs reads ${id}`);
}
