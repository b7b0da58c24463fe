import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { seededRandom } from '../../test/support/random.ts';
import { stored, until } from '../../test/support/receiving.ts';
import type { Answer, Submission } from '../answer.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';

const seed = 20_261_121;

describe('the bytes of a submission', () => {
  it(`do not change until the lane has answered (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const turns = (count: number): Promise<void> => until(() => count-- <= 0);
    let changedCount = 0;
    // Not the recording lane: that keeps copies.
    const submit = async (submission: Submission): Promise<Answer> => {
      const before = crc32(submission.wire);
      await turns(random.below(30));
      if (crc32(submission.wire) !== before) changedCount += 1;
      return submission.wire[0] === 7 ? { outcome: 'too_large', message: '' } : stored;
    };
    const admission = new Admission(100_000_000);
    const common = { host: '127.0.0.1', port: 0, admission, clock: systemClock };
    const receiver = await startHttp({ ...common, acceptor: { submit } });
    const url = `http://127.0.0.1:${receiver.address.port}/v1/logs`;
    const headers = { 'content-type': 'application/x-protobuf' };
    const replies = Array.from({ length: 300 }, async (_, index) => {
      const body = Buffer.alloc(32_768 + random.below(200_000), index % 251);
      return (await fetch(url, { method: 'POST', body, headers })).status;
    });
    const statuses = await Promise.all(replies);
    await receiver.close(1000);
    expect(changedCount).toBe(0);
    expect(statuses).toEqual(statuses.map((_, index) => (index % 251 === 7 ? 413 : 200)));
    expect(admission.inFlightBytes).toBe(0);
  });
});
