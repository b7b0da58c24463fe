/**
 * Certificates for tests, written by hand in DER and signed by `node:crypto`: Node makes keys but
 * no certificates, and a test may not need a program of the system. OpenSSL, inside Node and inside
 * the peers, is who reads them.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export type Issued = {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
};

export type Authority = Issued & {
  readonly issue: (options: IssueOptions) => Issued;
};

type IssueOptions = {
  readonly commonName: string;
  /** DNS names; `127.0.0.1` is always among the alternative names. */
  readonly dnsNames?: readonly string[];
  /** Days from now; negative is in the past. */
  readonly daysLeft?: number;
};

const dayMs = 86_400_000;
const oidSignature = '06082a8648ce3d040302';
const oidCommonName = '0603550403';
const oidAlternative = '0603551d11';
const oidBasic = '0603551d13';

/** A certificate authority of its own. */
export function createAuthority(commonName: string): Authority {
  const pair = keyPair();
  const root = { commonName, dnsNames: [], daysLeft: 30 };
  const certificate = write(root, pair.publicKey, commonName, pair.privateKey, true);
  return {
    certificate,
    key: pem(pair.privateKey),
    issue: (options) => {
      const leaf = keyPair();
      return {
        certificate: write(options, leaf.publicKey, commonName, pair.privateKey, false),
        key: pem(leaf.privateKey),
      };
    },
  };
}

function keyPair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function write(
  { commonName, dnsNames = [], daysLeft = 30 }: IssueOptions,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  isAuthority: boolean,
): string {
  const algorithm = der(0x30, hex(oidSignature));
  const endMs = Date.now() + daysLeft * dayMs;
  const names = der(
    0x30,
    ...dnsNames.map((name) => der(0x82, Buffer.from(name))),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const extensions = [
    extension(oidAlternative, names),
    ...(isAuthority ? [extension(oidBasic, der(0x30, der(0x01, Buffer.from([0xff]))))] : []),
  ];
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    nameOf(issuer),
    der(0x30, time(endMs - 60 * dayMs), time(endMs)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, issuerKey)]);
  const whole = der(0x30, body, algorithm, der(0x03, signature));
  const text = whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

function nameOf(commonName: string): Buffer {
  const attribute = der(0x30, hex(oidCommonName), der(0x0c, Buffer.from(commonName)));
  return der(0x30, der(0x31, attribute));
}

function extension(oid: string, value: Buffer): Buffer {
  return der(0x30, hex(oid), der(0x04, value));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const length =
    value.length < 0x80
      ? [value.length]
      : value.length < 0x100
        ? [0x81, value.length]
        : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}
