/// <reference types="node" />

/**
 * Many visitors at once, each with the client that pages are sent: a program for Node.
 *
 *     node swarm.mjs BASE SITE_KEY ORIGIN COUNT
 *
 * Standard input takes a command a line: `connect`, `say TEXT` (everybody writes it, with their number behind),
 * `report`. Standard output tells, as a JSON object a line, how many are settled after each command and whenever that
 * has changed, and answers `report` with everything.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { SwarmVisitor } from "./visitor";

const TOLD_EVERY_MS = 50;

const [base = "", key = "", origin = "", count = "0"] = process.argv.slice(2);
/** When (milliseconds since 1970) somebody began to open a line, and when one stood. */
const tries: number[] = [];
const opened: number[] = [];
/** How many of the tries were made without a socket. */
let withoutSocket = 0;

/** Node's socket, with the `Origin` that a page's browser would send. */
class PageSocket extends WebSocket {
  constructor(url: string | URL) {
    // The second argument is Node's own: https://undici.nodejs.org/#/docs/api/WebSocket
    super(url, { headers: { origin } } as unknown as string[]);
    tries.push(Date.now());
    this.addEventListener("open", () => opened.push(Date.now()));
  }
}

const nodeFetch = globalThis.fetch;
globalThis.WebSocket = PageSocket;
globalThis.fetch = async (url, init) => {
  const isStream = String(url).includes("/stream/");
  if (isStream) {
    withoutSocket++;
    tries.push(Date.now());
  }
  const answer = await nodeFetch(url, { ...init, headers: { ...init?.headers, origin } });
  if (isStream && answer.ok) opened.push(Date.now());
  return answer;
};

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

let settled = 0;
let isTelling = false;
const tell = (): void => {
  if (isTelling) return;
  isTelling = true;
  setTimeout(() => {
    isTelling = false;
    print({ kind: "state", settled });
  }, TOLD_EVERY_MS);
};

const visitors = Array.from(
  { length: Number(count) },
  () =>
    new SwarmVisitor(base, key, (is) => {
      settled += is ? 1 : -1;
      tell();
    }),
);

const commands: Record<string, (text: string) => void> = {
  connect: () => {
    for (const visitor of visitors) visitor.connect();
  },
  say: (text) => {
    for (const [index, visitor] of visitors.entries()) visitor.says(`${text} ${index}`);
  },
  report: () =>
    print({ kind: "report", tries, opened, withoutSocket, visitors: visitors.map((each) => each.report()) }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command = "", ...words] = line.split(" ");
  commands[command]?.(words.join(" "));
  // What a command has changed is told to listeners in a microtask.
  await undefined;
  print({ kind: "done", settled });
}
process.exit();
