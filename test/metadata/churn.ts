/**
 * Pods that come, change and go on a real API server, and what the one who makes them knows of
 * each: the record that the tables of entities must equal.
 */
import type { JsonObject } from '../../core/json.ts';
import type { ControlPlane } from '../support/kubernetes.ts';
import type { Random } from '../support/random.ts';

export type PodRecord = {
  readonly uid: string;
  readonly name: string;
  /** Images it had, one after the other. */
  readonly images: readonly string[];
  /** As the server answered to its deletion; undefined while it lives. */
  readonly last: JsonObject | undefined;
};

const pods = '/api/v1/namespaces/default/pods';
const atOnce = 8;

export class Churn {
  readonly #cluster: ControlPlane;
  readonly #random: Random;
  readonly #alive = new Map<string, PodRecord>();
  readonly #gone: PodRecord[] = [];
  #made = 0;

  constructor(cluster: ControlPlane, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** Everything that was made so far, those that went first. */
  get records(): readonly PodRecord[] {
    return [...this.#gone, ...this.#alive.values()];
  }

  /** Brings the cluster to `count` pods. */
  async fill(count: number): Promise<void> {
    await this.#each(count - this.#alive.size, async () => await this.#make());
  }

  /** One pod goes and another comes, or one changes its image; `steps` times, some at once. */
  async turn(steps: number): Promise<void> {
    await this.#each(steps, async () => {
      const name = this.#pick();
      if (name === undefined || this.#random.oneIn(3)) return await this.#make();
      const pod = this.#alive.get(name);
      if (pod === undefined) return;
      // Taken out before the first wait: nobody else picks it.
      this.#alive.delete(name);
      if (this.#random.oneIn(2)) await this.#remove(pod);
      else await this.#change(pod);
    });
  }

  async #make(): Promise<void> {
    this.#made += 1;
    const name = `pod-${this.#made}`;
    const image = 'shop:1';
    const body = {
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'app', image }],
      },
    };
    const answer = await this.#must('POST', pods, body);
    const { uid } = answer['metadata'] as { uid: string };
    this.#alive.set(name, { uid, name, images: [image], last: undefined });
  }

  async #change(pod: PodRecord): Promise<void> {
    const image = `shop:${pod.images.length + 1}`;
    const body = { spec: { containers: [{ name: 'app', image }] } };
    // The list of containers is replaced as a whole: a merge of JSON knows no names in lists.
    await this.#must('PATCH', `${pods}/${pod.name}`, await this.#whole(pod.name, body));
    this.#alive.set(pod.name, { ...pod, images: [...pod.images, image] });
  }

  async #whole(name: string, body: JsonObject): Promise<JsonObject> {
    const pod = await this.#must('GET', `${pods}/${name}`);
    const [container] = (pod['spec'] as { containers: JsonObject[] }).containers;
    const [{ image } = { image: '' }] = (body['spec'] as { containers: { image: string }[] })
      .containers;
    return { spec: { containers: [{ ...container, image }] } };
  }

  async #remove(pod: PodRecord): Promise<void> {
    const last = await this.#must('DELETE', `${pods}/${pod.name}?gracePeriodSeconds=0`);
    this.#gone.push({ ...pod, last });
  }

  #pick(): string | undefined {
    const names = [...this.#alive.keys()];
    return names[this.#random.below(names.length)];
  }

  async #each(count: number, step: () => Promise<void>): Promise<void> {
    let left = count;
    const loop = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await step();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, loop));
  }

  async #must(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: JsonObject,
  ): Promise<JsonObject> {
    const answer = await this.#cluster.ask(method, path, body);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${String(answer.body['message'])}`);
  }
}
