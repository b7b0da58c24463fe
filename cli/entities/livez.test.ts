import { afterEach, describe, expect, it } from '@jest/globals';
import { type Livez, serveLivez } from './livez.ts';

describe('/livez of the watcher', () => {
  let livez: Livez | undefined;
  afterEach(() => livez?.close());

  const ask = async (faults: readonly string[], path = 'livez') => {
    livez = await serveLivez('127.0.0.1:0', () => faults);
    const answer = await fetch(`http://${livez.address}/${path}`);
    return [answer.status, await answer.text()];
  };

  it('is 200 while nothing hangs', async () => {
    expect(await ask([])).toEqual([200, 'ok\n']);
  });

  it('is 503 with what hangs', async () => {
    const faults = ['nothing was written or tried for 301 s', 'no kind was listed'];
    expect(await ask(faults)).toEqual([503, `${faults.join(', ')}\n`]);
  });

  it('knows no other path', async () => {
    expect(await ask([], 'readyz')).toEqual([404, 'there is /livez\n']);
  });

  it('refuses what is no address', async () => {
    const text = 'expected HOST:PORT, such as 127.0.0.1:8891';
    await expect(serveLivez('8891', () => [])).rejects.toThrow(text);
  });
});
