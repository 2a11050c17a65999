// The four libraries, in one shape that peers.mjs measures and editing_trace.mjs replays.

import * as Automerge from '@automerge/automerge';
import * as Diamond from 'diamond-types-node';
import * as Loro from 'loro-crdt';
import * as Y from 'yjs';

// What a library brings. An update and a history may have several forms.
//   utf16                 whether its positions count UTF-16 units; else they count Unicode scalar values
//   open(agent)           an empty document; agents are 1, 2, ...
//   text(doc), close(doc)
//   type                  ways: (transactions) => document
//   author(doc, txn)      makes one transaction; returns the document, and the update to send as { form: bytes }
//   take(doc, updates)    brings an author's document up to date; returns the document
//   arrive                ways: (updates) => document
//   live                  the ways to arrive that keep the text up to date
//   forms(doc)            the full history as { form: bytes }
//   stored(doc)           more forms to load a document from, without the full history
//   merge, load           ways: (forms) => document
//   hold                  the form and the way to load it that memory is measured with
//   keeping               the same library told to keep deleted text, where it does not by default

function applyAll(doc, apply, updates) {
  for (const update of updates) apply(doc, update);
  return doc;
}

// A document drops deleted text, which is the library's default: then its history says where text was deleted, but
// not what it was. That is faster, so it is what is timed; its size is that of a document that keeps everything.
const yjs = {
  package: 'yjs',
  utf16: true,
  open(agent, gc = true) {
    const doc = new Y.Doc({ gc });
    if (agent) doc.clientID = agent;
    return doc;
  },
  text: (doc) => doc.getText('text').toString(),
  close: (doc) => doc.destroy(),
  edit(doc, txns) {
    const text = doc.getText('text');
    for (const { patches } of txns) {
      doc.transact(() => {
        for (const [position, deleted, inserted] of patches) {
          if (deleted) text.delete(position, deleted);
          if (inserted) text.insert(position, inserted);
        }
      });
    }
    return doc;
  },
  type: { transact: (txns) => yjs.edit(yjs.open(1), txns) },
  author(doc, txn) {
    const update = {};
    doc.once('update', (bytes) => (update.v1 = bytes));
    doc.once('updateV2', (bytes) => (update.v2 = bytes));
    return [yjs.edit(doc, [txn]), update];
  },
  take: (doc, updates) => applyAll(doc, (to, { v1 }) => Y.applyUpdate(to, v1), updates),
  arrive: {
    v1: (updates) => yjs.take(yjs.open(), updates),
    v2: (updates) => applyAll(yjs.open(), (to, { v2 }) => Y.applyUpdateV2(to, v2), updates),
  },
  live: ['v1', 'v2'],
  forms: (doc) => ({ v1: Y.encodeStateAsUpdate(doc), v2: Y.encodeStateAsUpdateV2(doc) }),
  merge: {
    v1: ({ v1 }) => applyAll(yjs.open(), Y.applyUpdate, [v1]),
    v2: ({ v2 }) => applyAll(yjs.open(), Y.applyUpdateV2, [v2]),
  },
  get load() {
    return yjs.merge;
  },
  hold: { form: 'v1', way: 'v1' },
  keeping() {
    return { ...yjs, open: (agent) => yjs.open(agent, false) };
  },
};

const loro = {
  package: 'loro-crdt',
  utf16: true,
  open(agent) {
    const doc = new Loro.LoroDoc();
    if (agent) doc.setPeerId(agent);
    return doc;
  },
  text: (doc) => doc.getText('text').toString(),
  close: (doc) => doc.free(),
  edit(doc, txns, { commitEach }) {
    const text = doc.getText('text');
    for (const { patches } of txns) {
      for (const [position, deleted, inserted] of patches) {
        if (deleted) text.delete(position, deleted);
        if (inserted) text.insert(position, inserted);
      }
      if (commitEach) doc.commit();
    }
    doc.commit();
    return doc;
  },
  // Edits join an open transaction. An app that does not send them yet may commit them later, all at once.
  type: {
    commit_each: (txns) => loro.edit(loro.open(1), txns, { commitEach: true }),
    commit_once: (txns) => loro.edit(loro.open(1), txns, { commitEach: false }),
  },
  author(doc, txn) {
    const sent = {};
    const unsubscribe = doc.subscribeLocalUpdates((bytes) => (sent.update = bytes));
    loro.edit(doc, [txn], { commitEach: false });
    unsubscribe();
    return [doc, sent];
  },
  take(doc, updates) {
    doc.importBatch(updates.map(({ update }) => update));
    return doc;
  },
  arrive: {
    attached: (updates) => applyAll(loro.open(), (to, { update }) => to.import(update), updates),
    // A detached document adds updates to its history only. Its text follows when it is attached again.
    detached(updates) {
      const doc = loro.open();
      doc.detach();
      applyAll(doc, (to, { update }) => to.import(update), updates);
      doc.attach();
      return doc;
    },
  },
  live: ['attached'],
  forms: (doc) => ({ update: doc.export({ mode: 'update' }), snapshot: doc.export({ mode: 'snapshot' }) }),
  stored: (doc) => ({ shallow: doc.export({ mode: 'shallow-snapshot', frontiers: doc.oplogFrontiers() }) }),
  merge: { update: ({ update }) => applyAll(loro.open(), (to, bytes) => to.import(bytes), [update]) },
  load: {
    snapshot: ({ snapshot }) => Loro.LoroDoc.fromSnapshot(snapshot),
    shallow: ({ shallow }) => Loro.LoroDoc.fromSnapshot(shallow),
  },
  hold: { form: 'snapshot', way: 'snapshot' },
};

// A Doc is a history and its text. An OpLog is a history alone, and its text is made when it is read.
const diamond = {
  package: 'diamond-types-node',
  utf16: false,
  open: (agent) => new Diamond.Doc(agent ? `agent${agent}` : undefined),
  text(doc) {
    if (doc instanceof Diamond.Doc) return doc.get();
    const branch = doc.checkout();
    const text = branch.get();
    branch.free();
    return text;
  },
  close: (doc) => doc.free(),
  edit(doc, txns) {
    for (const { patches } of txns) {
      for (const [position, deleted, inserted] of patches) {
        if (deleted) doc.del(position, deleted);
        if (inserted) doc.ins(position, inserted);
      }
    }
    return doc;
  },
  type: { doc: (txns) => diamond.edit(diamond.open(1), txns) },
  author(doc, txn) {
    const before = doc.getLocalVersion();
    diamond.edit(doc, [txn]);
    return [doc, { patch: doc.getPatchSince(before) }];
  },
  take: (doc, updates) => applyAll(doc, (to, { patch }) => to.mergeBytes(patch), updates),
  arrive: {
    doc: (updates) => diamond.take(diamond.open(), updates),
    oplog: (updates) => applyAll(new Diamond.OpLog(), (to, { patch }) => to.addFromBytes(patch), updates),
  },
  live: ['doc'],
  forms: (doc) => ({ full: doc.toBytes() }),
  merge: {
    doc: ({ full }) => applyAll(diamond.open(), (to, bytes) => to.mergeBytes(bytes), [full]),
    oplog: ({ full }) => applyAll(new Diamond.OpLog(), (to, bytes) => to.addFromBytes(bytes), [full]),
  },
  load: {
    doc: ({ full }) => Diamond.Doc.fromBytes(full),
    oplog: ({ full }) => Diamond.OpLog.fromBytes(full),
  },
  hold: { form: 'full', way: 'doc' },
};

// All agents must share the object that holds the text, so every document begins with the change that made it.
const AUTOMERGE_START = Automerge.save(Automerge.from({ text: '' }, { actor: '00' }));

const automerge = {
  package: '@automerge/automerge',
  utf16: true,
  open: (agent) => Automerge.load(AUTOMERGE_START, agent ? { actor: agent.toString(16).padStart(8, '0') } : {}),
  text: (doc) => doc.text,
  close: (doc) => Automerge.free(doc),
  edit: (doc, txns) =>
    Automerge.change(doc, { time: undefined }, (draft) => {
      for (const { patches } of txns) {
        for (const [position, deleted, inserted] of patches) {
          Automerge.splice(draft, ['text'], position, deleted, inserted);
        }
      }
    }),
  // One change for 1,000 transactions. One for each takes three times as long, minutes for a few runs of a long trace,
  // and leaves a history that is several times slower to load.
  type: {
    change_1000(txns) {
      let doc = automerge.open(1);
      for (let i = 0; i < txns.length; i += 1000) doc = automerge.edit(doc, txns.slice(i, i + 1000));
      return doc;
    },
  },
  author(doc, txn) {
    const edited = automerge.edit(doc, [txn]);
    return [edited, { change: Automerge.getLastLocalChange(edited) }];
  },
  take: (doc, updates) => Automerge.applyChanges(doc, updates.map(({ change }) => change))[0],
  arrive: { change: (updates) => updates.reduce((doc, update) => automerge.take(doc, [update]), automerge.open()) },
  live: ['change'],
  // The plain form is the same without compression. At times gzip makes more of it.
  forms: (doc) => ({ save: Automerge.save(doc), plain: Automerge.getBackend(doc).saveNoCompress() }),
  merge: {
    save: ({ save }) => Automerge.loadIncremental(Automerge.init(), save),
    plain: ({ plain }) => Automerge.loadIncremental(Automerge.init(), plain),
  },
  load: { save: ({ save }) => Automerge.load(save), plain: ({ plain }) => Automerge.load(plain) },
  hold: { form: 'save', way: 'save' },
};

export const LIBRARIES = { yjs, loro, diamond, automerge };
