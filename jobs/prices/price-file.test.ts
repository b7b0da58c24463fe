/** Price files and the numbers in them, without an engine. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isProblem } from '../../core/problem.ts';
import { readCsv } from '../csv.ts';
import { plainDecimal, pricePerUnit } from './decimal.ts';
import { defaultPrices } from './defaults.ts';
import { parsePriceFile } from './price-file.ts';

const bounds = { digitsMax: 12, wholeMax: 9 };

describe('a decimal', () => {
  it.each([
    ['12', '12'],
    ['-0.50', '-0.5'],
    ['+007.100', '7.1'],
    ['1.5E-7', '0.00000015'],
    ['12e3', '12000'],
    ['-0', '0'],
    ['0.000', '0'],
    ['0.0000000000001', undefined],
    ['1e-13', undefined],
    ['1234567890', undefined],
    ['1,5', undefined],
    ['', undefined],
    ['.5', undefined],
    ['NaN', undefined],
    ['1e999', undefined],
  ])('%s is %s', (text, expected) => {
    expect(plainDecimal(text, bounds)).toBe(expected);
  });
});

describe('prices of the package', () => {
  it('are of every provider, on demand and spot, and of a unit computed by hand', () => {
    expect(defaultPrices.map(({ source, unit }) => `${source}: ${unit}`)).toEqual([
      // 0.096 / (2 + 8.589934592)
      'default aws 2025-06: 0.009065211797',
      'default aws spot 2025-06: 0.003626084719',
      // 0.067006 / 10.589934592
      'default gcp 2025-06: 0.006327328976',
      'default gcp spot 2025-06: 0.002530931590',
      'default azure 2025-06: 0.009065211797',
      'default azure spot 2025-06: 0.003626084719',
      'default other 2025-06: 0.009065211797',
      'default other spot 2025-06: 0.003626084719',
    ]);
  });

  it('add up to the price of the machine, but for what is cut off', () => {
    // 0.35 by 4 cores and 16 GB is 0.0175.
    expect(pricePerUnit('0.35', 4, 16e9)).toBe('0.017500000000');
    expect(pricePerUnit('20', 4, 16e9)).toBe('1.000000000000');
  });
});

function faultOf(text: string): string {
  try {
    parsePriceFile(text, 'prices.yaml');
  } catch (error) {
    if (isProblem(error)) return `${error.code} ${error.where} ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('a price file', () => {
  it('says prices of lists and of nodes', () => {
    const text = `
name: ours
currency: EUR
prices:
  - {provider: aws, region: eu-central-1, capacity_type: spot, vcpu_hour: 0.012, gb_hour: "0.001"}
nodes:
  - {label: pool=a=b, node_hour: 1}
`;
    const { rules, ...file } = parsePriceFile(text, 'x.yaml');
    expect(file).toMatchObject({ name: 'ours', currency: 'EUR' });
    const noTraffic = { zonePrice: '0', zoneReceivedPrice: '0', internetPrice: '0' };
    const any = { region: '', instanceType: '', capacityType: '', node: '' };
    expect(rules).toEqual([
      {
        ...{ ...any, layer: 1, provider: 'aws', region: 'eu-central-1', capacityType: 'spot' },
        ...{ labelName: '', labelValue: '', cpuPrice: '0.012', memoryPrice: '0.001' },
        ...{ nodePrice: '0', ...noTraffic },
      },
      {
        ...{ ...any, layer: 2, provider: '', labelName: 'pool', labelValue: 'a=b' },
        ...{ cpuPrice: '0', memoryPrice: '0', nodePrice: '1', ...noTraffic },
      },
    ]);
  });

  it('says prices of traffic; who receives pays as much at aws, unless it says otherwise', () => {
    const prices = 'between_zones_gb: "0.01", to_internet_gb: 0.09';
    const { rules } = parsePriceFile(
      `traffic: [{provider: aws, ${prices}}, {provider: gcp, region: eu, ${prices}},` +
        ` {${prices}, between_zones_received_gb: 0.005}]`,
      'x.yaml',
    );
    const told = rules.map((rule) => [
      ...[rule.layer, rule.provider, rule.region],
      ...[rule.zonePrice, rule.zoneReceivedPrice, rule.internetPrice],
    ]);
    expect(told).toEqual([
      [3, 'aws', '', '0.01', '0.01', '0.09'],
      [3, 'gcp', 'eu', '0.01', '0', '0.09'],
      [3, '', '', '0.01', '0.005', '0.09'],
    ]);
  });

  it('without a name has that of the file, and may be JSON', () => {
    const text = '{"prices": [{"node_hour": "0.1"}]}';
    expect(parsePriceFile(text, '/etc/list-2026.json')).toMatchObject({
      ...{ name: 'list-2026', currency: 'USD' },
    });
  });

  it('is refused with every fault and its line', () => {
    const text = `prices:
  - {provider: ibm, node_hour: 1}
  - {vcpu_hour: "-1", gb_hour: 0.1234567890123}
  - {node_hour: 0.1, cpu: 2}
`;
    expect(faultOf(text)).toBe(
      'OBS-6150 prices.yaml:2 line 2: prices.0.provider: expected aws, gcp, azure or other; ' +
        'line 3: prices.1.vcpu_hour: expected a price that is not negative, with at most 12 ' +
        'digits behind the point; in quotes from 16 digits on; line 3: prices.1.gb_hour: ' +
        'expected a price that is not negative, with at most 12 digits behind the point; in ' +
        'quotes from 16 digits on; line 4: prices.2: expected other keys than “cpu”',
    );
  });

  it.each([
    ['prices: [{vcpu_hour: 1}]', /:1 line 1: prices.0: expected vcpu_hour and gb_hour, or/],
    ['prices:\n  - {node_hour: 1, gb_hour: 1}', /:2 line 2: prices.0: expected vcpu_hour/],
    ['nodes: [{node_hour: 1}]', /expected node or label, one of them/],
    ['nodes: [{node: a, label: b=c, node_hour: 1}]', /expected node or label, one of them/],
    ['traffic: [{provider: aws, to_internet_gb: 1}]', /traffic.0: expected between_zones_gb and/],
    ['traffic: [{between_zones_gb: 1, to_internet_gb: -1}]', /expected a price that is not neg/],
    ['name: empty', /it has no price/],
    ['currency: euro\nprices: [{node_hour: 1}]', /line 1: currency: expected three capital/],
    ['prices: [', /prices.yaml:1 line 1/],
  ])('%s is refused', (text, message) => {
    expect(faultOf(text)).toMatch(message);
  });
});

describe('CSV', () => {
  const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
  const field = fc.oneof(
    fc.constantFrom('', 'a', '"', ',', '\n', '\r\n', 'ü', '1.5'),
    fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ') }),
  );

  async function read(pieces: readonly string[]): Promise<(readonly string[])[]> {
    async function* each(): AsyncGenerator<string> {
      yield* pieces;
    }
    const records: (readonly string[])[] = [];
    for await (const { fields } of readCsv(each())) records.push(fields);
    return records;
  }

  it('is read as it was written, however it is cut into pieces', async () => {
    const record = fc.array(field, { minLength: 2, maxLength: 5 });
    const property = fc.asyncProperty(
      fc.array(record, { maxLength: 6 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 9 }),
      async (records, end, size) => {
        const text = records.map((one) => `${one.map(quoted).join(',')}${end}`).join('');
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        expect(await read(pieces)).toEqual(records);
      },
    );
    await fc.assert(property);
  });

  it('knows lines, a byte order mark, empty lines and a last line without an end', async () => {
    async function* each(): AsyncGenerator<string> {
      yield '\u{feff}a,b\r\n\r\n1,"x\ny"\n2,z';
    }
    const lines: unknown[] = [];
    for await (const { line, fields } of readCsv(each())) lines.push([line, ...fields]);
    expect(lines).toEqual([
      [1, 'a', 'b'],
      [3, '1', 'x\ny'],
      [5, '2', 'z'],
    ]);
  });

  it.each(['a"b,c\n', '"a"b,c\n', 'a,"b\n'])('%j is refused', async (text) => {
    await expect(read([text])).rejects.toMatchObject({ line: 1 });
  });
});
