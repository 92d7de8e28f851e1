// An application that receives webhooks, on a free port of this machine: keeps what came and answers by a script.
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * @param {string} name how the tables call it
 * @param {number[]} answers statuses for the first requests; the last one for all that follow
 */
export async function startReceiver(name, answers) {
  const received = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const status = answers[Math.min(received.length, answers.length - 1)];
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8'), status });
      response.writeHead(status).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    name,
    received,
    url: `http://127.0.0.1:${server.address().port}/webhooks`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
