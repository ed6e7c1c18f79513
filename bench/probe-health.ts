import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** How health requests were answered. */
export interface Answers {
  sent: number;
  lost: number;
  /** In ascending order, ms: from the time that a request was due to the end of its answer. */
  times: number[];
}

interface Probe {
  url: string;
  /** Requests a second. */
  rate: number;
  seconds: number;
}

/**
 * Sends health requests at a fixed rate, in a thread of its own: what else the benchmark does, such as taking uploads,
 * would otherwise delay the requests and count as slow answers.
 */
export async function probeHealth(probe: Probe): Promise<Answers> {
  const { promise, resolve, reject } = Promise.withResolvers<Answers>();
  const worker = new Worker(new URL(import.meta.url), { workerData: probe });
  worker.once('message', resolve).once('error', reject);
  return promise.finally(() => worker.terminate());
}

/** Sends each request when it is due, whether or not earlier ones are answered. */
async function send({ url, rate, seconds }: Probe): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: 100 });
  const times: number[] = [];
  let lost = 0;
  const pending: Promise<void>[] = [];
  const started = performance.now();
  for (let n = 0; n < rate * seconds; n += 1) {
    const due = started + (n * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 1) await sleep(wait);
    pending.push(
      new Promise((resolve) => {
        const request = get(url, { agent, timeout: 5_000 }, (response) => {
          response.resume();
          response.on('end', () => {
            if (response.statusCode === 200) times.push(performance.now() - due);
            else lost += 1;
            resolve();
          });
        });
        request.on('timeout', () => request.destroy());
        request.on('error', () => {
          lost += 1;
          resolve();
        });
      }),
    );
  }
  await Promise.all(pending);
  agent.destroy();
  return { sent: pending.length, lost, times: times.sort((a, b) => a - b) };
}

if (!isMainThread) parentPort?.postMessage(await send(workerData as Probe));
