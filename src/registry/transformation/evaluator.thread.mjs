// Evaluates JSONata, https://docs.jsonata.org, one question after the other. Plain JavaScript, so that the file is what runs,
// built or not.
import { parentPort } from 'node:worker_threads';
import jsonata from 'jsonata';

/** Expressions that were read stay so: reading takes longer than most evaluations. */
const MAX_KEPT = 200;

const kept = new Map();

function read(expression) {
  let known = kept.get(expression);
  if (!known) {
    known = jsonata(expression);
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value);
    kept.set(expression, known);
  }
  return known;
}

/** What JSONata says is wrong. Its errors are objects with a position in the expression, and not always Errors. */
function sentenceOf({ message, position }) {
  const at = typeof position === 'number' ? ` (at character ${position})` : '';
  return `${String(message).slice(0, 300)}${at}`;
}

/** `undefined` also where there is no JSON for it: functions of JSONata are objects that refer to themselves. */
function jsonOf(value) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function answerTo({ expression, input, maxBytes }) {
  try {
    const readable = read(expression);
    // Without input it is asked only whether the expression can be read.
    if (input === undefined) return {};
    // Bindings of its own, though empty: without, what it assigns would be there at the next evaluation, maybe of another tenant.
    const json = jsonOf(await readable.evaluate(input, {}));
    if (json === undefined) return { problem: 'it gave nothing' };
    if (Buffer.byteLength(json) > maxBytes) return { problem: `it gave more than ${maxBytes} bytes` };
    return { json };
  } catch (error) {
    return { problem: sentenceOf(error) };
  }
}

parentPort.on('message', async (question) => parentPort.postMessage(await answerTo(question)));
parentPort.postMessage('ready');
