import type { Attribute } from '../identity.ts';
import type { Cell } from './cells.ts';

/** What an object and its strings take besides their characters, about. */
const overheadBytes = 500;
/** Key, name and labels, in one or two bytes a character. */
const bytesPerKeyByte = 5;

/** An index that no window has. */
export const noWindow = -1;

/** One series: everything that is said of it apart from its values. */
export class Series {
  /** Bytes, one a character; what series are ordered by. */
  readonly key: string;
  readonly name: string;
  /** A place in `typeNames`. */
  readonly type: number;
  readonly resource: readonly Attribute[];
  readonly attributes: readonly Attribute[];
  /** Equal for series of equal resources. */
  readonly resourceKey: string;
  readonly bytes: number;
  /** Whether the table has forgotten it. */
  isGone = false;
  /** The last window it saw a value in. */
  lastWindow: number = noWindow;
  /** The window of {@link cell}. */
  cellWindow: number = noWindow;
  cell: Cell | undefined;
  /** The gauge's value at the end of the last window; only plain StatsD needs it (DSD-11). */
  carried: number | undefined;

  constructor(parts: {
    readonly key: string;
    readonly name: string;
    readonly type: number;
    readonly resource: readonly Attribute[];
    readonly attributes: readonly Attribute[];
  }) {
    this.key = parts.key;
    this.name = parts.name;
    this.type = parts.type;
    this.resource = parts.resource;
    this.attributes = parts.attributes;
    this.resourceKey = JSON.stringify(parts.resource);
    this.bytes = overheadBytes + bytesPerKeyByte * parts.key.length;
  }
}
