/** One request of a protocol over HTTP, and what is wrong with its answer. */

const answerMsMax = 30_000;

export type PostRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
};

/** What is wrong, or undefined. */
export async function post({ url, headers, body }: PostRequest): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(answerMsMax);
    const response = await fetch(url, { method: 'POST', body, headers, signal });
    return response.ok ? undefined : `${response.status} ${await response.text()}`;
  } catch (error) {
    if (!Error.isError(error)) throw error;
    const { cause } = error;
    return Error.isError(cause) ? `${error.message}: ${cause.message}` : error.message;
  }
}
