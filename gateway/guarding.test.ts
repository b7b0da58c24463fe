import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { simulatedClock } from '../test/support/simulated-clock.ts';
import { type GatewayConfig, gatewayConfigDefault } from './config.ts';
import { hashSecret, newSecret } from './guard/secret.ts';
import { startGuarding } from './guarding.ts';

const folder = mkdtempSync(join(tmpdir(), 'obsctl-guarding-'));
const credentialsFile = join(folder, 'credentials');
writeFileSync(credentialsFile, `a ${hashSecret(newSecret())}`);
const wide = { host: '0.0.0.0', port: 4317 };

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is said at the start; nothing listens. */
function saidOf(changes: Partial<GatewayConfig>): readonly string[] {
  const said: string[] = [];
  const guarding = startGuarding(
    { ...gatewayConfigDefault(), ...changes },
    { clock: simulatedClock(), log: (level, text) => said.push(`${level} ${text}`), onChange() {} },
  );
  guarding.cancel();
  return said;
}

describe('a gateway that others can reach', () => {
  it('warns while it takes telemetry from anyone', () => {
    const [text, ...more] = saidOf({ otlpGrpc: wide, otlpHttp: { host: '::', port: 4318 } });
    expect(text).toMatch(/^warn OTLP is taken on 0\.0\.0\.0:4317 and \[::\]:4318 from anyone/);
    expect(more).toEqual([]);
  });

  it('warns when credentials travel unencrypted', () => {
    const [text] = saidOf({ otlpGrpc: wide, credentialsFile });
    expect(text).toMatch(/^warn credentials travel unencrypted to 0\.0\.0\.0:4317/);
  });

  it('says nothing on loopback, or when networks are named', () => {
    expect(saidOf({})).toEqual([]);
    expect(saidOf({ credentialsFile })).toEqual([]);
    expect(saidOf({ otlpGrpc: wide, allowFrom: ['10.0.0.0/8'] })).toEqual([]);
  });

  it.each([
    ['a key without a certificate', { tlsKeyFile: credentialsFile }, 'OBS-2050'],
    ['authorities without a certificate', { tlsClientCaFile: credentialsFile }, 'OBS-2050'],
    [
      'a certificate that is none',
      { tlsCertFile: credentialsFile, tlsKeyFile: folder },
      'OBS-2050',
    ],
    ['credentials that are away', { credentialsFile: join(folder, 'absent') }, 'OBS-2050'],
    ['admin credentials that are away', { adminCredentialsFile: folder }, 'OBS-2050'],
  ])('does not start with %s', (_name, changes, code) => {
    expect(() => saidOf(changes)).toThrow(expect.objectContaining({ code }));
  });
});
