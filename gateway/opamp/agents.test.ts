import { describe, expect, it } from '@jest/globals';
import { type AgentState, Agents } from './agents.ts';
import { decodeAgentMessage } from './message.ts';
import { encodeAgentMessage, fullMessage, keyValues, uid } from './testdata/opamp.ts';

const minuteMs = 60_000;
/** Of a simulated day. */
const startMs = 1_795_003_200_000;

function take(agents: Agents, message: Record<string, unknown>, nowMs = startMs, tenant = '') {
  return agents.take(tenant, decodeAgentMessage(encodeAgentMessage(message)), nowMs);
}

const poll = (sequence: number) => ({
  instance_uid: uid,
  sequence_num: sequence,
  capabilities: 0x805,
});
const due = (agents: Agents, nowMs = startMs): readonly AgentState[] => agents.due(nowMs, minuteMs);

describe('what agents say', () => {
  it('is whole with the first message that has everything', () => {
    const agents = new Agents();
    expect(take(agents, fullMessage(0))).toBe(false);
    expect(due(agents)).toMatchObject([
      { instanceUid: uid.toString('hex'), health: { isHealthy: true }, isDisconnected: false },
    ]);
  });

  it('stays as it was where the next message leaves it out', () => {
    const agents = new Agents();
    take(agents, fullMessage(0));
    expect(take(agents, { ...poll(1), health: { healthy: false, last_error: 'e' } })).toBe(false);
    expect(due(agents)).toMatchObject([
      {
        health: { isHealthy: false, lastError: 'e' },
        description: { 'k8s.node.name': 'node-17' },
        config: { text: 'receivers: {otlp: {}}\n' },
      },
    ]);
  });

  it('is asked for again, and not told, after a message that was missed', () => {
    const agents = new Agents();
    take(agents, fullMessage(0));
    agents.written(due(agents));
    expect(take(agents, { ...poll(2), health: { healthy: false } }, startMs + 1)).toBe(true);
    expect(due(agents, startMs + 2 * minuteMs)).toEqual([]);
    expect(take(agents, fullMessage(3, 'another'), startMs + 2)).toBe(false);
    expect(due(agents, startMs + 2)).toMatchObject([
      { description: { 'obsctl.config.hash': 'another' } },
    ]);
  });

  it('is asked for when a gateway does not know the agent', () => {
    const agents = new Agents();
    expect(take(agents, poll(41))).toBe(true);
    expect(due(agents)).toEqual([]);
  });

  it('is asked for every other time when the agent does not answer to it', () => {
    const agents = new Agents();
    const asked = [9, 10, 11, 12].map((sequence) => take(agents, poll(sequence)));
    expect(asked).toEqual([true, false, true, false]);
  });

  it('is the same when a message comes twice, because its answer got lost', () => {
    const agents = new Agents();
    take(agents, fullMessage(0));
    expect(take(agents, poll(1))).toBe(false);
    expect(take(agents, poll(1))).toBe(false);
    expect(take(agents, poll(2))).toBe(false);
  });

  it('is never that of an agent of another tenant with the same id', () => {
    const agents = new Agents();
    take(agents, fullMessage(0), startMs, 'shop');
    expect(take(agents, poll(1), startMs, 'other')).toBe(true);
    expect(due(agents).map(({ tenant }) => tenant)).toEqual(['shop']);
  });
});

it('keeps no more texts of configs than there is room for, and every hash', () => {
  const text = 'receivers: {otlp: {}}\n';
  const agents = new Agents(2 * 2 * text.length);
  const uids = [1, 2, 3].map((nth) => Buffer.from(uid).fill(nth));
  for (const instance_uid of uids) take(agents, { ...fullMessage(0), instance_uid });
  const configs = due(agents).map(({ config }) => config);
  expect(configs.map((config) => config?.text)).toEqual([text, text, '']);
  expect(new Set(configs.map((config) => config?.hash)).size).toBe(1);
  // One that is forgotten makes room.
  for (const instance_uid of uids.slice(1)) {
    take(agents, { ...fullMessage(0), instance_uid }, startMs + 61 * minuteMs);
  }
  const later = due(agents, startMs + 61 * minuteMs);
  expect(later.map(({ config }) => config?.text)).toEqual([text, text]);
});

describe('what is due to be written', () => {
  it('is a change at once, and a sign of life every minute', () => {
    const agents = new Agents();
    take(agents, fullMessage(0));
    agents.written(due(agents));
    take(agents, poll(1), startMs + 30_000);
    expect(due(agents, startMs + 30_000)).toEqual([]);
    expect(due(agents, startMs + minuteMs)).toHaveLength(1);
    take(agents, { ...poll(2), agent_disconnect: {} }, startMs + 31_000);
    expect(due(agents, startMs + 31_000)).toMatchObject([{ isDisconnected: true }]);
  });

  it('is due again when it changed while it was written', () => {
    const agents = new Agents();
    take(agents, fullMessage(0));
    const writing = due(agents);
    const description = { identifying_attributes: keyValues({ 'service.name': 'new' }) };
    take(agents, { ...poll(1), agent_description: description });
    agents.written(writing);
    expect(due(agents)).toMatchObject([{ description: { 'service.name': 'new' } }]);
  });

  it('is nothing of an agent that is silent, and after an hour it is forgotten', () => {
    const agents = new Agents();
    take(agents, fullMessage(0));
    agents.written(due(agents));
    expect(due(agents, startMs + 10 * minuteMs)).toEqual([]);
    const other = Buffer.from(uid).fill(7);
    take(agents, { ...fullMessage(0), instance_uid: other }, startMs + 61 * minuteMs);
    expect(agents.count).toBe(1);
  });
});
