/**
 * Sends back whatever comes: the bare ping-pong.
 */

import { type MessagePort, workerData } from 'node:worker_threads';

const port = workerData as MessagePort;
port.on('message', (message: unknown) => port.postMessage(message));
