/**
 * A lane's way to the main thread, which alone knows the agents: the next message of one may come
 * to another lane.
 */
import type { OpampAnswer } from './opamp.ts';

/** Messages that wait for the main thread; agents are told to come back beyond. */
const waitingMax = 1024;

export type OpampQuestion = {
  readonly kind: 'opamp';
  readonly id: number;
  readonly tenant: string;
  readonly body: Uint8Array;
};

export type OpampReply = {
  readonly kind: 'opamp';
  readonly id: number;
  readonly answer: OpampAnswer;
};

export class OpampRelay {
  readonly #post: (question: OpampQuestion) => void;
  readonly #waiting = new Map<number, (answer: OpampAnswer) => void>();
  #asked = 0;

  constructor(post: (question: OpampQuestion) => void) {
    this.#post = post;
  }

  /** Undefined when too many wait. `body` is copied. */
  ask(tenant: string, body: Uint8Array): Promise<OpampAnswer> | undefined {
    if (this.#waiting.size >= waitingMax) return undefined;
    const id = this.#asked;
    this.#asked += 1;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      // A copy of its own: of a view the whole buffer behind it would be cloned.
      this.#post({ kind: 'opamp', id, tenant, body: new Uint8Array(body) });
    });
  }

  take({ id, answer }: OpampReply): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
