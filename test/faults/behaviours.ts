// How receivers behave, from well to outrageous. A path says which: /ok/a, /mixed/b, /drip/c. What is not for ever bad
// behaves so on the first two attempts of a delivery and answers 200 after that, so that everything must arrive in the end.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Dice } from './dice.js';
import type { Request } from './evidence.js';

type Give = (socket: Socket, response: ServerResponse) => void;

/** Longest that a friendly receiver takes, in milliseconds: long enough for faults to hit requests in flight. */
const FRIENDLY_MS = 80;

/** Attempts on which a bad receiver is bad. */
const BAD_ATTEMPTS = 2;

const status =
  (code: number, afterMs = 0): Give =>
  (_, response) =>
    void setTimeout(() => response.writeHead(code).end(), afterMs);

const hang: Give = () => undefined;

const raw =
  (bytes: string | Buffer): Give =>
  (socket) =>
    void socket.end(bytes);

/** 200 MB of zeros, as 200 kB. */
const bomb = (() => {
  let made: Buffer | undefined;
  return () => (made ??= Buffer.concat(Array<Buffer>(200).fill(gzipSync(Buffer.alloc(1_000_000)))));
})();

const BAD: Record<string, (dice: Dice) => Give> = {
  hang: () => hang,
  // Node sends no head before the first byte of a body: without it this would only hang.
  drip: () => (_, response) => {
    response.writeHead(200).write('.');
    const timer = setInterval(() => response.write('.'), 1_000);
    response.on('close', () => clearInterval(timer));
  },
  endless: () => (_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(65_536, 'x');
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pour);
    pour();
  },
  bomb: () => (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(bomb()),
  'reset-before': () => (socket) => void socket.resetAndDestroy(),
  'reset-after': () => (socket, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('cut', () => socket.resetAndDestroy());
  },
  garbage: () => raw('SSH-2.0-OpenSSH_9.2\r\n'),
  nul: () => (_, response) => void response.writeHead(500).end(Buffer.from([0, 0xff, 0xfe, 0, 0x80, 0])),
  headers: () =>
    raw(`HTTP/1.1 200 OK\r\n${Array.from({ length: 3_000 }, (_, n) => `x-h${n}: ${'v'.repeat(20)}\r\n`).join('')}\r\n`),
  // To itself: whoever follows comes again and again with the same attempt.
  redirect: () => (_, response) => void response.writeHead(307, { location: response.req.url }).end(),
};

/** One in five answers says nothing of closing, and then the connection closes: before, while or after it is used again. */
const closing: (dice: Dice) => Give = (dice) => (socket, response) => {
  const afterMs = dice.below(20);
  const closes = dice.next() < 0.2;
  response.writeHead(200).end(() => {
    if (closes) setTimeout(() => socket.destroy(), afterMs);
  });
};

/** For webhooks whose deliveries are sent once at most: of twenty answers fourteen 200, three 500, three a reset; none of them at once. */
function once(dice: Dice): [string, Give] {
  const [throwOf, afterMs] = [dice.next(), 50 + dice.below(FRIENDLY_MS)];
  if (throwOf < 0.7) return ['200', status(200, afterMs)];
  if (throwOf < 0.85) return ['500', status(500, afterMs)];
  return ['reset', (socket) => void setTimeout(() => socket.resetAndDestroy(), afterMs)];
}

/** Of ten answers: seven 200, one 500, one hangs past every deadline, one is half a reset and half a 503. */
function mixed(dice: Dice): [string, Give] {
  const throwOf = dice.next();
  if (throwOf < 0.7) return ['200', status(200, dice.below(FRIENDLY_MS))];
  if (throwOf < 0.8) return ['500', status(500)];
  if (throwOf < 0.9) return ['hang', hang];
  if (throwOf < 0.95) return ['reset', (socket) => void socket.resetAndDestroy()];
  return ['503', status(503)];
}

/** What a request is answered with. The name goes into the history; `200` is the one that accepts the delivery. */
export function answerBy(
  { path, attempt }: Pick<Request, 'path' | 'attempt'>,
  dice: Dice,
): { name: string; give: Give } {
  const [, behaviour = '', name = ''] = path.split('/');
  const friendly = { name: '200', give: status(200, dice.below(FRIENDLY_MS)) };
  switch (behaviour) {
    case 'ok':
      return friendly;
    case 'slow':
      return { name: '200', give: status(200, 500) };
    case 'closing':
      return { name: '200', give: closing(dice) };
    case 'calm':
      return { name: '200', give: status(200, 100 + dice.below(200)) };
    case 'down':
      return { name: '500', give: status(500, 50) };
    case 'once': {
      const [answer, give] = once(dice);
      return { name: answer, give };
    }
    // One first attempt in four fails, and the second one does not.
    case 'stumble':
      return attempt === 1 && dice.next() < 0.25
        ? { name: '500', give: status(500, dice.below(FRIENDLY_MS)) }
        : friendly;
    case 'hang-always':
      return { name: 'hang', give: hang };
    // /hang-until/10: hangs on nine attempts, answers the tenth.
    case 'hang-until':
      return attempt < Number(name) ? { name: 'hang', give: hang } : friendly;
    case 'mixed': {
      // The last attempt that a schedule allows is a friendly one: everything must arrive in the end.
      const [answer, give] = attempt > BAD_ATTEMPTS ? (['200', friendly.give] as const) : mixed(dice);
      return { name: answer, give };
    }
    default: {
      const bad = BAD[behaviour];
      if (bad && attempt <= BAD_ATTEMPTS) return { name: behaviour, give: bad(dice) };
      return friendly;
    }
  }
}

/** The behaviours that are bad at first and good in the end. */
export const BAD_AT_FIRST = Object.keys(BAD);
