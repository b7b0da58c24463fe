/**
 * Prices for whoever has told us none: list prices of one general-purpose machine of each provider,
 * split by the rule that a vCPU costs what 10⁹ bytes of memory cost. They are in the package, so a
 * figure never waits for a download, and every figure made of them says so.
 *
 * They are not your prices: no region but one, no discount, no commitment.
 */
import { pricePerUnit } from './decimal.ts';

/**
 * What month these list prices are said to be of; part of every figure's source. They change
 * rarely, and were not compared with the providers' pages since: a price file is better.
 */
export const defaultsDate = '2025-06';

type Machine = {
  readonly provider: string;
  /** Machine type and region of the list price, Linux, on demand. */
  readonly from: string;
  /** A machine for an hour, US dollars. */
  readonly hour: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /**
   * What an hour costs on spot. Spot prices float: this is 40 %, as Google promises at least 60 %
   * off and Amazon's own example table is near a half.
   */
  readonly spotHour: string;
};

const eightGibibytes = 8 * 2 ** 30;

// biome-ignore format: a table reads as a table, one machine a line
const machines: readonly Machine[] = [
  // https://aws.amazon.com/ec2/pricing/on-demand/
  { provider: 'aws', from: 'm5.large, us-east-1', hour: '0.096', spotHour: '0.0384', cores: 2, memoryBytes: eightGibibytes },
  // https://cloud.google.com/compute/vm-instance-pricing
  { provider: 'gcp', from: 'e2-standard-2, us-central1', hour: '0.067006', spotHour: '0.0268024', cores: 2, memoryBytes: eightGibibytes },
  // https://azure.microsoft.com/pricing/details/virtual-machines/linux/
  { provider: 'azure', from: 'D2s v5, East US', hour: '0.096', spotHour: '0.0384', cores: 2, memoryBytes: eightGibibytes },
  // Anywhere else, and machines of one's own: as the dearest of the three.
  { provider: 'other', from: 'as aws', hour: '0.096', spotHour: '0.0384', cores: 2, memoryBytes: eightGibibytes },
];

export type DefaultPrice = {
  readonly provider: string;
  readonly isSpot: boolean;
  /** Of a vCPU, and of 10⁹ bytes, for an hour. */
  readonly unit: string;
  readonly from: string;
  /** As figures name it. */
  readonly source: string;
};

/** Two of each provider. */
export const defaultPrices: readonly DefaultPrice[] = machines.flatMap((machine) =>
  [false, true].map((isSpot) => ({
    provider: machine.provider,
    isSpot,
    unit: pricePerUnit(
      isSpot ? machine.spotHour : machine.hour,
      machine.cores,
      machine.memoryBytes,
    ),
    from: machine.from,
    source: `default ${machine.provider}${isSpot ? ' spot' : ''} ${defaultsDate}`,
  })),
);

export const defaultCurrency = 'USD';
