import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { encodeAnswer, encodeErrorAnswer } from './answer.ts';
import { decodeAgentMessage } from './message.ts';
import {
  decodeAnswer,
  encodeAgentMessage,
  fullMessage,
  keyValues,
  opampType,
  uid,
} from './testdata/opamp.ts';

describe('a message of an agent', () => {
  it('is read as protobufjs wrote it', () => {
    const text = 'receivers: {otlp: {}}\n';
    expect(decodeAgentMessage(encodeAgentMessage(fullMessage(7)))).toEqual({
      instanceUid: '0192f5a07c3e7b1e8f0011223344556e',
      sequence: 7n,
      capabilities: 0x805n,
      description: {
        'service.name': 'shop-node-agent',
        'service.version': '0.149.0',
        'k8s.cluster.name': 'prod-eu',
        'k8s.node.name': 'node-17',
        'obsctl.agent': 'node-agent',
        'obsctl.config.hash': '00112233aabbccdd',
      },
      health: {
        isHealthy: true,
        startedNs: 1_795_003_200_123_456_789n,
        lastError: '',
        status: 'StatusOK',
        components: {
          'pipeline:traces': 'StatusRecoverableError: connection refused',
          'pipeline:traces/exporter:otlp/gateway': 'healthy',
        },
      },
      config: { hash: createHash('sha256').update(text).digest('hex').slice(0, 16), text },
      isDisconnecting: false,
    });
  });

  it('may leave everything out but its id', () => {
    const message = { instance_uid: uid, sequence_num: '18446744073709551615' };
    expect(decodeAgentMessage(encodeAgentMessage(message))).toEqual({
      instanceUid: uid.toString('hex'),
      sequence: 18_446_744_073_709_551_615n,
      capabilities: 0n,
      description: undefined,
      health: undefined,
      config: undefined,
      isDisconnecting: false,
    });
  });

  it('may say that it was the last one', () => {
    const message = { instance_uid: uid, agent_disconnect: {} };
    expect(decodeAgentMessage(encodeAgentMessage(message)).isDisconnecting).toBe(true);
  });

  it('gives values of other types as text', () => {
    const values = [
      { key: 'yes', value: { bool_value: true } },
      { key: 'count', value: { int_value: -3 } },
      { key: 'ratio', value: { double_value: 0.5 } },
      { key: 'nothing' },
    ];
    const description = { non_identifying_attributes: values };
    const message = { instance_uid: uid, agent_description: description };
    expect(decodeAgentMessage(encodeAgentMessage(message)).description).toEqual({
      ...{ yes: 'true', count: '-3', ratio: '0.5', nothing: '' },
    });
  });

  it('is read in the same way with fields that we do not know', () => {
    const known = encodeAgentMessage(fullMessage(1));
    const unknown = Buffer.from([0xf8, 0x06, 0x01, 0xfa, 0x06, 0x02, 0x41, 0x42]);
    const body = Buffer.concat([unknown, known, unknown]);
    expect(decodeAgentMessage(body)).toEqual(decodeAgentMessage(known));
  });

  it('has a hash but no text of a config above 1 MiB', () => {
    const body = Buffer.alloc(1024 * 1024 + 1, 0x61);
    const config = { config_map: { config_map: { '': { body } } } };
    const message = encodeAgentMessage({ instance_uid: uid, effective_config: config });
    expect(decodeAgentMessage(message).config).toEqual({
      hash: createHash('sha256').update(body).digest('hex').slice(0, 16),
      text: '',
    });
  });

  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, '']));
  const nested = (depth: number): object =>
    depth === 0 ? {} : { component_health_map: { part: nested(depth - 1) } };
  it.each([
    ['no id', encodeAgentMessage({ sequence_num: 1 }), 'instance_uid is missing'],
    ['an id of 15 bytes', encodeAgentMessage({ instance_uid: uid.subarray(1) }), 'has 15 bytes'],
    ['its end cut off', encodeAgentMessage(fullMessage(1)).subarray(0, -1), 'past the end'],
    ['a string that is not UTF-8', Buffer.from('1a050a030a01ff', 'hex'), 'not UTF-8'],
    [
      '257 attributes',
      encodeAgentMessage({
        instance_uid: uid,
        agent_description: { identifying_attributes: keyValues(many(257)) },
      }),
      'more than 256 attributes',
    ],
    [
      'health nested nine times',
      encodeAgentMessage({ instance_uid: uid, health: nested(9) }),
      'nested too deeply',
    ],
  ])('is malformed with %s', (_name, body, reason) => {
    expect(() => decodeAgentMessage(body)).toThrow(expect.objectContaining({ name: 'Malformed' }));
    expect(() => decodeAgentMessage(body)).toThrow(reason);
  });
});

describe('an answer', () => {
  it('says who is meant and what we take, and nothing else', () => {
    expect(decodeAnswer(encodeAnswer(uid.toString('hex'), false))).toEqual({
      instance_uid: uid,
      capabilities: 5,
    });
  });

  it('asks for everything by its flag', () => {
    expect(decodeAnswer(encodeAnswer(uid.toString('hex'), true))).toMatchObject({ flags: 1 });
  });

  it('gives a reason, and says when to come back', () => {
    expect(decodeAnswer(encodeErrorAnswer('bad_request', 'it is not one'))).toEqual({
      error_response: {
        type: 'ServerErrorResponseType_BadRequest',
        error_message: 'it is not one',
      },
    });
    expect(decodeAnswer(encodeErrorAnswer('unavailable', 'busy', 2))).toEqual({
      error_response: {
        type: 'ServerErrorResponseType_Unavailable',
        error_message: 'busy',
        retry_info: { retry_after_nanoseconds: 2_000_000_000 },
      },
    });
  });
});

it('the field tables in comments say what the .proto file says', () => {
  const types = ['AgentToServer', 'ServerToAgent', 'AgentDescription', 'ComponentHealth'];
  const fields = [...types, 'ServerErrorResponse'].flatMap((name) => opampType(name).fieldsArray);
  const wrong: string[] = [];
  let rows = 0;
  for (const file of ['message.ts', 'answer.ts']) {
    const text = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    for (const [, name, number, said = ''] of text.matchAll(
      /^ \* \| (\w+) \| (\d+) \| (.+?) \|/gm,
    )) {
      rows += 1;
      const isSame = fields.some((field) => {
        const type = field.resolve().resolvedType instanceof protobuf.Enum ? 'enum' : field.type;
        const plain = field instanceof protobuf.MapField ? `map<string, ${type}>` : type;
        const whole = field.repeated ? `repeated ${plain}` : plain;
        return field.name === name && field.id === Number(number) && whole === said;
      });
      if (!isSame) wrong.push(`${name} ${number} ${said}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(rows).toBe(20);
});
