import { Injectable } from '@nestjs/common';
import { HttpTransport, Transport } from 'posthorn';
import type { TransportRequest, TransportResult } from 'posthorn';
import { Mesh } from './company/mesh.js';

const SERVICES = '.mesh.example';

/** Services of the company are reached through its mesh. Everybody else as ever, with the egress policy before them. */
@Injectable()
export class MeshTransport extends Transport {
  constructor(
    private readonly http: HttpTransport,
    private readonly mesh: Mesh,
  ) {
    super();
  }

  async post(request: TransportRequest): Promise<TransportResult> {
    const { hostname, pathname, search } = new URL(request.url);
    if (!hostname.endsWith(SERVICES)) return this.http.post(request);
    const since = performance.now();
    const spentMs = (): number => Math.round(performance.now() - since);
    try {
      const httpStatus = await this.mesh.post(hostname, { ...request, path: pathname + search });
      return { outcome: outcomeOf(httpStatus), httpStatus, durationMs: spentMs(), sent: true };
    } catch (error) {
      const isLate = (error as Error).name === 'TimeoutError';
      // Whether it arrived is not known, so it counts as sent.
      return { outcome: isLate ? 'timeout' : 'connection_error', error: 'MESH', durationMs: spentMs(), sent: true };
    }
  }
}

function outcomeOf(status: number): TransportResult['outcome'] {
  if (status < 300) return 'success';
  if (status < 400) return 'redirect';
  return status < 500 ? 'client_error' : 'server_error';
}
