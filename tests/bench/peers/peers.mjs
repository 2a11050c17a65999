// Measures four text CRDT libraries on recorded editing traces.
//
// Input:  node [--expose-gc] peers.mjs [--runs N] [--only yjs,loro,diamond,automerge] TRACE.json[.gz]...
//         Traces are in the sequential or the concurrent format of github.com/josephg/editing-traces.
// Output: one JSON object a line on stdout for each trace and library. Progress and errors go to stderr.
//         A figure that does not apply is null. The exit code is 1 if a library failed or ended on a wrong text.
//
// type_ms         a sequential trace typed into an empty document, patch by patch
// merge_ms        the full history applied to an empty document, and the text read once
// arrive_ms       a concurrent trace taken by an empty document, one update for each transaction, and the text read
//                 once at the end
// arrive_live_ms  the same, with a document whose text is up to date after every update
// load_ms         a stored document opened, and its text read
// bytes           the smallest form of the full history, deleted text and all
// bytes_gz        the smallest form after gzip -9, or without gzip where that is smaller
// collected_gz    the same of a library that drops deleted text by default, as it is then
// memory_bytes    what holding one loaded document with its full history adds to a process
// ends_right      whether every way of typing, merging, arriving and loading ended on the text of the trace
//
// A library may have several ways to do a thing. Each is timed, and the fastest counts.
// A time is the median of N runs or more, in five parts, in a process that has done the same work before.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { inUtf16, readTrace, replay } from './editing_trace.mjs';
import { LIBRARIES } from './libraries.mjs';

// A way is warmed up by one run, or by more until this time is over.
const WARM_UP_MS = 500;
// A way is run for so long, and at least N times, and its time is the median of the means of so many parts in a row: a
// shared processor goes at half its speed for a second now and then.
const MEASURE_MS = 6_000;
const PARTS = 5;
// After this time a way is not run again. If its warm-up run alone took as long, that run counts.
const PATIENCE_MS = 60_000;
const MEMORY_RUNS = 3;

function version(name) {
  let directory = path.dirname(fileURLToPath(import.meta.resolve(name)));
  for (;;) {
    const file = path.join(directory, 'package.json');
    const found = existsSync(file) ? JSON.parse(readFileSync(file)) : {};
    if (found.name === name) return found.version;
    directory = path.dirname(directory);
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function medianOfParts(times) {
  if (times.length < PARTS) return median(times);
  const bound = (part) => Math.floor((times.length * part) / PARTS);
  const means = Array.from({ length: PARTS }, (_, part) => {
    const these = times.slice(bound(part), bound(part + 1));
    return these.reduce((sum, ms) => sum + ms, 0) / these.length;
  });
  return median(means);
}

function smallest(forms, size) {
  return Math.min(...Object.values(forms).map(size));
}

function gzipped(bytes) {
  return Math.min(bytes.length, gzipSync(bytes, { level: 9 }).length);
}

// The document of a library that keeps everything.
function kept(peer, trace) {
  const doc = trace.sequential
    ? peer.edit(peer.open(1), peer.utf16 ? inUtf16(trace) : trace.txns)
    : replay(peer, trace).doc;
  if (peer.text(doc) !== trace.endContent) throw new Error('what is kept is another text');
  return doc;
}

// Times each way of doing one thing. Returns { way: ms } and whether all ended right. `look` gets the first document.
async function time(label, peer, ways, input, { runs, endContent, readText = true, look }) {
  const result = { ms: {}, right: true };
  for (const [way, run] of Object.entries(ways)) {
    let wrong = '';
    const once = async () => {
      global.gc?.();
      await sleep(0);
      const start = performance.now();
      const doc = run(input);
      const text = readText ? peer.text(doc) : undefined;
      const ms = performance.now() - start;
      if ((text ?? peer.text(doc)) !== endContent) {
        result.right = false;
        wrong = ', WRONG TEXT';
      }
      look?.(doc);
      look = undefined;
      peer.close(doc);
      return ms;
    };
    const begun = performance.now();
    const elapsed = () => performance.now() - begun;
    const first = await once();
    while (elapsed() < WARM_UP_MS) await once();
    const times = [];
    const measured = elapsed();
    const enough = () => times.length >= runs && elapsed() - measured >= MEASURE_MS;
    while (!enough() && elapsed() < PATIENCE_MS) times.push(await once());
    result.ms[way] = times.length > 0 ? medianOfParts(times) : first;
    const counted = times.length > 0 ? `${times.length} runs` : 'the warm-up run';
    console.error(`${label} ${way}: ${result.ms[way].toFixed(2)} ms, ${counted}${wrong}`);
  }
  return result;
}

async function measure(trace, name, runs) {
  const peer = LIBRARIES[name];
  const label = `${trace.name} ${name}`;
  const options = { runs, endContent: trace.endContent };
  const timed = {};
  let full;
  let forms;
  const encode = (doc) => {
    full = peer.forms(doc);
    forms = { ...full, ...peer.stored?.(doc) };
  };
  if (trace.sequential) {
    console.error(`${label}: arrive_ms is null, a sequential trace has one author`);
    const txns = peer.utf16 ? inUtf16(trace) : trace.txns;
    timed.type = await time(`${label} type`, peer, peer.type, txns, { ...options, readText: false, look: encode });
  } else {
    console.error(`${label}: type_ms is null, a concurrent trace has several authors`);
    const { doc, updates } = replay(peer, trace);
    encode(doc);
    peer.close(doc);
    timed.arrive = await time(`${label} arrive`, peer, peer.arrive, updates, options);
  }
  timed.merge = await time(`${label} merge`, peer, peer.merge, forms, options);
  timed.load = await time(`${label} load`, peer, peer.load, forms, options);
  const whole = peer.keeping ? peer.forms(kept(peer.keeping(), trace)) : full;
  const fastest = (what, ways) => {
    if (!timed[what]) return null;
    const { ms } = timed[what];
    return Math.round(Math.min(...(ways ?? Object.keys(ms)).map((way) => ms[way])) * 100) / 100;
  };
  return {
    trace: trace.name,
    peer: name,
    version: version(peer.package),
    sequential: trace.sequential,
    type_ms: fastest('type'),
    merge_ms: fastest('merge'),
    arrive_ms: fastest('arrive'),
    arrive_live_ms: fastest('arrive', peer.live),
    load_ms: fastest('load'),
    bytes_gz: smallest(whole, gzipped),
    bytes: smallest(whole, (bytes) => bytes.length),
    collected_gz: peer.keeping ? smallest(full, gzipped) : null,
    memory_bytes: memoryOf(name, forms[peer.hold.form]),
    ends_right: Object.values(timed).every(({ right }) => right),
  };
}

// The memory that one document takes, each time in a process of its own; null where that could not be told.
function memoryOf(name, bytes) {
  const grown = [];
  for (let run = 0; run < MEMORY_RUNS; run++) {
    const args = [...process.execArgv, '--expose-gc', fileURLToPath(import.meta.url), '--hold', name];
    const child = spawnSync(process.execPath, args, { input: bytes, stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.status !== 0) throw new Error('the process that measures memory failed');
    grown.push(Number(child.stdout));
  }
  // A collection in between may free more than the document takes: that says nothing of it.
  return median(grown) > 0 ? median(grown) : null;
}

// Holds one document, whose bytes are on stdin, and prints how much memory that took.
// heapUsed + external is the objects of JavaScript and the whole memory of WebAssembly. That memory never shrinks, so
// what loading needed for a moment stays counted. The resident size grows by more, but also by compiled code and by
// pages that the collector keeps. These are not the document, and they change by 10 MB from run to run.
async function hold(peer) {
  const used = async () => {
    for (let i = 0; i < 4; i++) {
      global.gc();
      await sleep(20);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const load = (bytes) => {
    const doc = peer.load[peer.hold.way]({ [peer.hold.form]: bytes });
    peer.text(doc);
    return doc;
  };
  const bytes = readFileSync(0);
  const tiny = peer.type[Object.keys(peer.type)[0]]([{ patches: [[0, 0, 'tiny']] }]);
  const tinyBytes = peer.forms(tiny)[peer.hold.form];
  for (let i = 0; i < 3; i++) peer.close(load(tinyBytes));
  const before = await used();
  const doc = load(bytes);
  const after = await used();
  if (peer.text(doc) === undefined || bytes.length === 0) throw new Error('nothing was held');
  console.log(after - before);
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { runs: { type: 'string', default: '5' }, only: { type: 'string' }, hold: { type: 'string' } },
    allowPositionals: true,
  });
  if (values.hold) return hold(LIBRARIES[values.hold]);
  const names = values.only?.split(',') ?? Object.keys(LIBRARIES);
  const runs = Number(values.runs);
  if (positionals.length === 0 || !(runs >= 1) || names.some((name) => !LIBRARIES[name])) {
    console.error(`usage: peers.mjs [--runs N] [--only ${Object.keys(LIBRARIES)}] TRACE.json[.gz]...`);
    process.exitCode = 2;
    return;
  }
  for (const file of positionals) {
    const trace = readTrace(file);
    for (const name of names) {
      try {
        const figures = await measure(trace, name, runs);
        console.log(JSON.stringify(figures));
        if (!figures.ends_right) process.exitCode = 1;
      } catch (error) {
        console.error(`${trace.name} ${name} failed:`, error);
        process.exitCode = 1;
      }
    }
  }
}

await main();
