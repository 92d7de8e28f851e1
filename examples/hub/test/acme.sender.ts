import { createHmac } from 'node:crypto';

/** Signs as the carrier does, apart from the code that verifies. */
export function acmeSignature(body: Buffer, secret: string, nowMs: number): string {
  const time = Math.floor(nowMs / 1_000);
  return `t=${time},v1=${createHmac('sha256', secret)
    .update(Buffer.concat([Buffer.from(`${time}.`), body]))
    .digest('hex')}`;
}
