import { Injectable } from '@nestjs/common';

/** A request of ours to a service of the company. */
interface MeshRequest {
  readonly path: string;
  /** Names and values, one after the other. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly timeoutMs: number;
}

/** Stands for the client of a service mesh, which knows where each service is. */
@Injectable()
export class Mesh {
  readonly #addresses = new Map<string, string>();

  register(service: string, address: string): void {
    this.#addresses.set(service, address);
  }

  /** The status of the answer. */
  async post(service: string, { path, headers, body, timeoutMs }: MeshRequest): Promise<number> {
    const pairs = headers.flatMap((name, at) =>
      at % 2 === 0 ? [[name, headers[at + 1] ?? ''] as [string, string]] : [],
    );
    const response = await fetch(new URL(path, this.#addresses.get(service)), {
      method: 'POST',
      headers: pairs,
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    return response.status;
  }
}
