/** What a rule of the OTLP list is, and how it is shown to hold. */
import type { OddCase } from '../odd/case.ts';

export type Rule = {
  readonly id: string;
  /** MUST, SHOULD, MAY; or what clients and the Collector do where the specification is silent. */
  readonly level: 'MUST' | 'SHOULD' | 'MAY' | 'de facto' | 'client';
  readonly rule: string;
  /** Of the specification 1.11.0, `docs/specification.md`; empty where it says nothing. */
  readonly section: string;
  readonly shown: Shown;
};

export type Shown =
  /** Requests to a running gateway, each with the answer that the rule asks for. */
  | { readonly by: 'answers'; readonly answers: () => readonly (readonly [OddCase, string])[] }
  /** Tests that stand elsewhere, by file and name. */
  | { readonly by: 'tests'; readonly tests: readonly (readonly [file: string, name: string])[] }
  /** Not taken up, which the rule allows; a request shows what is answered instead. */
  | {
      readonly by: 'refusal';
      readonly reason: string;
      readonly answers: () => readonly (readonly [OddCase, string])[];
    };

export const tests = (...list: readonly (readonly [string, string])[]): Shown => ({
  by: 'tests',
  tests: list,
});

export const answers = (make: () => readonly (readonly [OddCase, string])[]): Shown => ({
  by: 'answers',
  answers: make,
});

export const refusal = (
  reason: string,
  make: () => readonly (readonly [OddCase, string])[] = () => [],
): Shown => ({ by: 'refusal', reason, answers: make });

/** Answers in the words of `odd/clients.ts`. */
export const ok = {
  protobuf: '200 application/x-protobuf success',
  json: '200 application/json success',
  grpc: 'OK success',
} as const;
