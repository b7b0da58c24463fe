import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createAuthority } from '../../../test/support/certificates.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { readAll } from '../../../test/support/snapshot-reading.ts';
import { openPostgres } from './open.ts';

const authority = createAuthority('authority of the tests');

describeWithPeer('postgres', 'TLS to PostgreSQL', (programs) => {
  let server: PostgresServer;

  beforeAll(async () => {
    const issued = authority.issue({ commonName: 'db', dnsNames: ['db.example'] });
    server = await startPostgres(programs, [], issued);
    await server.psql(`CREATE VIEW session AS
      SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`);
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
  });

  const isEncrypted = async (query: string, ca?: string): Promise<unknown> => {
    const tls = ca === undefined ? {} : { tls: { ca } };
    const source = await openPostgres({ dsn: `${server.dsn()}${query}`, ...tls });
    return (await readAll(source, 'public.session')).rows[0]?.[0];
  };

  it('is used where the server has it, and left out when told so', async () => {
    expect(await isEncrypted('')).toBe(1);
    expect(await isEncrypted('?sslmode=require')).toBe(1);
    expect(await isEncrypted('?sslmode=disable')).toBe(0);
  });

  it('trusts a certificate by its CA, and by nothing else when a CA is given', async () => {
    expect(await isEncrypted('', authority.certificate)).toBe(1);
    expect(await isEncrypted('?sslmode=verify-full', authority.certificate)).toBe(1);
    const other = createAuthority('another').certificate;
    for (const [query, ca] of [['', other] as const, ['?sslmode=verify-full'] as const]) {
      await expect(isEncrypted(query, ca)).rejects.toMatchObject({
        code: 'OBS-6063',
        next: expect.stringContaining('tls.ca'),
      });
    }
  });

  it('checks the name of the server, but for verify-ca', async () => {
    const named = server.dsn().replace('127.0.0.1', 'localhost');
    const tls = { ca: authority.certificate };
    await expect(openPostgres({ dsn: named, tls })).rejects.toMatchObject({ code: 'OBS-6063' });
    const dsn = `${named}?sslmode=verify-ca`;
    expect((await openPostgres({ dsn, tls })).address).toContain('localhost');
  });
});
