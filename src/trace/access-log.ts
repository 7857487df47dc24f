import { describe } from '../common/error.js';
import { BadLine, type LineParser } from './lines.js';
import type { RequestSink } from './sink.js';

/** … [date] "GET /path HTTP/1.1" 200 1234 … */
const COMMON = /\[[^\]]*\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: |$)/;
/** time elapsed client code/status bytes method url … */
const SQUID = /^\d+\.\d+ +\d+ \S+ [A-Z_]+\/(\d{3}) (\d+) ([A-Z]+) (\S+)(?: |$)/;
const REQUEST = /^([A-Z]+) (\S+)(?: HTTP\/[\d.]+)?$/;

/**
 * Access logs: the common and the combined log format of Apache and nginx, with or without a virtual host in front, and
 * Squid's native one. The key is the path with its query, or the URL; the size is the bytes sent.
 *
 * What a cache could have answered counts: GET with a status of 2xx, and 304, whose object has the size that it was last
 * sent with. A part of an object (206) is charged with the most that has been sent of it. Other lines are passed over.
 */
export class AccessLogParser implements LineParser {
  readonly hasCosts = false;

  parse(line: string, sink: RequestSink): void {
    const common = COMMON.exec(line);
    if (common !== null) {
      const request = REQUEST.exec(common[1]!);
      // What is no request is a line all the same: scanners send such things to every server.
      if (request?.[1] === 'GET') this.#add(request[2]!, common[2]!, common[3]!, sink);
      return;
    }
    const squid = SQUID.exec(line);
    if (squid === null) throw new BadLine(`expected a line of an access log; got ${describe(line)}`);
    if (squid[3] === 'GET') this.#add(squid[4]!, squid[1]!, squid[2]!, sink);
  }

  #add(key: string, status: string, bytes: string, sink: RequestSink): void {
    const isUnchanged = status === '304';
    if (!isUnchanged && !status.startsWith('2')) return;
    const id = sink.idOf(key);
    const sent = isUnchanged || bytes === '-' ? 0 : Number(bytes);
    const isWhole = !isUnchanged && status !== '206';
    sink.add(id, isWhole ? sent : Math.max(sent, sink.lastSize(id)));
  }
}

/** Whether a line looks like one of an access log. */
export function isAccessLog(line: string): boolean {
  return COMMON.test(line) || SQUID.test(line);
}
