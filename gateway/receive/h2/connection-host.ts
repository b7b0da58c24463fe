/** What a connection needs of whoever owns its socket. */
import type { Head } from './request-head.ts';
import type { H2Stream } from './stream.ts';

export type ConnectionHost = {
  readonly nowMs: () => number;
  readonly streamsMax: number;
  /** A new call: gives the stream its reader. */
  readonly open: (stream: H2Stream, headers: Head['headers']) => void;
  readonly write: (bytes: Buffer) => void;
  /** Nothing more will be written: send what is there, then close. */
  readonly end: (isFault: boolean) => void;
  /** The peer broke the protocol or its bounds; told once. */
  readonly onFault: () => void;
};
