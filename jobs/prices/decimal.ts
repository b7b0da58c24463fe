/** Decimal numbers as text and as whole numbers of a small unit: money is never a float. */

/** What a price has behind the point in ClickHouse. */
export const priceDigits = 12;

export type DecimalBounds = {
  /** Digits behind the point; more of them are refused, unless they are 0. */
  readonly digitsMax: number;
  /** Digits before the point. */
  readonly wholeMax: number;
};

const exponentMax = 100;

/**
 * A number as it is written in a file (`12`, `-0.50`, `1.5E-7`), in plain digits without a zero too
 * many; undefined when it is none, or does not fit.
 */
export function plainDecimal(text: string, bounds: DecimalBounds): string | undefined {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const exponent = Number(power);
  if (Math.abs(exponent) > exponentMax) return undefined;
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const before = (point > 0 ? digits.slice(0, point).padEnd(point, '0') : '').replace(/^0+/, '');
  const after = (
    point > 0 ? digits.slice(point) : digits.padStart(digits.length - point, '0')
  ).replace(/0+$/, '');
  if (before.length > bounds.wholeMax || after.length > bounds.digitsMax) return undefined;
  const number = `${before === '' ? '0' : before}${after === '' ? '' : `.${after}`}`;
  return sign === '-' && number !== '0' ? `-${number}` : number;
}

/** What one unit costs of a machine that has so many: cut off after {@link priceDigits}. */
export function pricePerUnit(price: string, cores: number, memoryBytes: number): string {
  const [whole = '', fraction = ''] = price.split('.');
  const digits = BigInt(whole + fraction);
  // cores + bytes / 10⁹ units, as a fraction over 10⁹.
  const units = BigInt(cores) * 1_000_000_000n + BigInt(memoryBytes);
  const scale = 10n ** BigInt(9 + priceDigits - fraction.length);
  const text = String((digits * scale) / units).padStart(priceDigits + 1, '0');
  return `${text.slice(0, -priceDigits)}.${text.slice(-priceDigits)}`;
}

/** A decimal as a whole number of its last digit: `1.5` with 3 digits is 1500. Cuts off more. */
export function unitsOf(text: string, digits: number): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const units = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
  return text.startsWith('-') ? -units : units;
}

/** The other way round; `rounded` to so many digits, halves away from zero. */
export function textOf(units: bigint, digits: number, rounded = digits): string {
  const step = 10n ** BigInt(digits - rounded);
  const sign = units < 0n ? -1n : 1n;
  const steps = (units * sign + step / 2n) / step;
  const text = String(steps).padStart(rounded + 1, '0');
  const point = text.length - rounded;
  const number = rounded === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`;
  return sign < 0n && steps > 0n ? `-${number}` : number;
}
