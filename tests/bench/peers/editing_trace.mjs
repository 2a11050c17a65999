// A recorded editing trace, in the sequential or the concurrent format of github.com/josephg/editing-traces.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

// Reads a trace. A patch is [position, deleted, inserted], in Unicode scalar values. A start content becomes a first
// transaction of an agent of its own, which every other transaction follows.
export function readTrace(file) {
  const bytes = readFileSync(file);
  const { startContent, endContent, txns } = JSON.parse(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  const sequential = !txns.some(({ parents }) => parents);
  if (startContent) {
    for (const txn of txns) {
      if (!sequential) txn.parents = txn.parents.length > 0 ? txn.parents.map((parent) => parent + 1) : [0];
    }
    const agent = txns.reduce((most, txn) => Math.max(most, txn.agent ?? 0), 0) + 1;
    txns.unshift({ parents: [], agent, patches: [[0, 0, startContent]] });
  }
  const astral = txns.some(({ patches }) => patches.some(([, , inserted]) => /[\ud800-\udfff]/.test(inserted)));
  return { name: path.basename(file).replace(/\.json(\.gz)?$/, ''), sequential, astral, txns, endContent };
}

// Where a text has characters of two UTF-16 units, in Unicode scalar values.
function astralPositions(text, start) {
  const positions = [];
  let position = start;
  for (const character of text) {
    if (character.length === 2) positions.push(position);
    position++;
  }
  return positions;
}

// The transactions of a sequential trace with positions in UTF-16 units.
export function inUtf16({ txns, astral }) {
  if (!astral) return txns;
  const positions = [];
  return txns.map((txn) => convert(txn, positions));
}

// Converts one transaction to UTF-16 units. `astral` holds the astral positions of the text, and is kept up to date.
function convert(txn, astral) {
  const countBefore = (position) => {
    const index = astral.findIndex((other) => other >= position);
    return index < 0 ? astral.length : index;
  };
  const patches = txn.patches.map(([position, deleted, inserted]) => {
    const first = countBefore(position);
    const count = countBefore(position + deleted) - first;
    const growth = [...inserted].length - deleted;
    for (let i = first + count; i < astral.length; i++) astral[i] += growth;
    astral.splice(first, count, ...astralPositions(inserted, position));
    return [position + first, deleted + count, inserted];
  });
  return { ...txn, patches };
}

// Replays a concurrent trace with one document for each agent, and makes each transaction on exactly its parents.
// Returns the update of each transaction in trace order, and a document that has them all.
// `peer` edits the documents; libraries.mjs says what it brings.
export function replay(peer, { txns, astral }) {
  const agents = new Map();
  const updates = [];

  const add = (agent, index) => {
    agent.has.add(index);
    for (const parent of txns[index].parents) agent.heads.delete(parent);
    agent.heads.add(index);
  };
  const catchUp = (agent, heads) => {
    const missing = new Set();
    const open = [...heads];
    while (open.length > 0) {
      const index = open.pop();
      if (agent.has.has(index) || missing.has(index)) continue;
      missing.add(index);
      open.push(...txns[index].parents);
    }
    if (missing.size === 0) return;
    const inOrder = [...missing].sort((a, b) => a - b);
    const toTake = inOrder.map((index) => updates[index]).filter((update) => update);
    if (toTake.length > 0) agent.doc = peer.take(agent.doc, toTake);
    for (const index of inOrder) add(agent, index);
  };

  for (const [index, txn] of txns.entries()) {
    if (!agents.has(txn.agent)) {
      agents.set(txn.agent, { doc: peer.open(txn.agent + 1), has: new Set(), heads: new Set() });
    }
    const agent = agents.get(txn.agent);
    catchUp(agent, txn.parents);
    if (agent.heads.size !== txn.parents.length || !txn.parents.every((parent) => agent.heads.has(parent))) {
      throw new Error(`the author of transaction ${index} has seen more than its parents`);
    }
    // A transaction without edits is nothing to send.
    if (txn.patches.some(([, deleted, inserted]) => deleted || inserted)) {
      const own = peer.utf16 && astral ? convert(txn, astralPositions(peer.text(agent.doc), 0)) : txn;
      [agent.doc, updates[index]] = peer.author(agent.doc, own);
    }
    add(agent, index);
  }

  const [first, ...others] = agents.values();
  catchUp(first, txns.keys());
  for (const { doc } of others) peer.close(doc);
  return { doc: first.doc, updates: updates.filter((update) => update) };
}
