// A second client of openpep/1, written from the documentation of crates/sync alone: joins with an invitation, reads a plan,
// writes in it, signs, pushes and waits for the receipt. Not for use: it keeps nothing.
//
//   node client.mjs LINK QUESTION TEXT
//
// prints one JSON document: what it read before, what it wrote, and the receipt.

import { X509Certificate, webcrypto } from "node:crypto";
import https from "node:https";
import * as Automerge from "@automerge/automerge";
import * as cborg from "cborg";
import WebSocket from "ws";

const { subtle } = webcrypto;
const text = (s) => new TextEncoder().encode(s);
const concat = (...parts) => Buffer.concat(parts.map((p) => Buffer.from(p)));
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const sha256 = async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes));
const uuid = (id) => Buffer.from(id.replaceAll("-", ""), "hex");
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };


const [link, question, words] = process.argv.slice(2);
const invitation = await readLink(link);
const device = await makeDevice();
const me = await join();
const session = await openSession();
const socket = await connect(session.token);
const result = await readAndWrite();
socket.close();
console.log(JSON.stringify(result));

/** `https://HOST:PORT/join#SECRET.RELAYKEY.CERTKEY.CHECK` */
async function readLink(link) {
  const url = new URL(link);
  const [secret, relayKey, certKey, check] = url.hash.slice(1).split(".");
  const rest = link.slice(0, link.lastIndexOf("."));
  if (base64url(await sha256(text(rest))).slice(0, 6) !== check) throw new Error("the link is not whole");
  const bytes = (s) => Buffer.from(s, "base64url");
  return { host: url.hostname, port: Number(url.port), secret: bytes(secret), relayKey: bytes(relayKey), certKey: bytes(certKey) };
}

async function makeDevice() {
  const keys = await subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const key = new Uint8Array(await subtle.exportKey("raw", keys.publicKey));
  const id = (await sha256(concat(text("openpep/device/1"), key))).slice(0, 16);
  const sign = async (bytes) => new Uint8Array(await subtle.sign("Ed25519", keys.privateKey, bytes));
  return { key, id, sign };
}

/** TLS options: any certificate, as long as its public key is the pinned one. */
function pinned() {
  const agent = new https.Agent({ rejectUnauthorized: false });
  const checked = (socket) => new Promise((resolve, reject) => {
    const cert = new X509Certificate(socket.getPeerCertificate(true).raw);
    sha256(cert.publicKey.export({ type: "spki", format: "der" })).then((seen) =>
      hex(seen) === hex(invitation.certKey) ? resolve() : reject(new Error("the relay's certificate is another")));
  });
  return { agent, checked };
}

async function post(path, body) {
  const { agent, checked } = pinned();
  return await new Promise((resolve, reject) => {
    const request = https.request({ host: invitation.host, port: invitation.port, path, method: "POST", agent, headers: { "content-type": "application/json" } }, (response) => {
      let data = "";
      response.on("data", (d) => (data += d));
      response.on("end", () => response.statusCode === 200 ? resolve(JSON.parse(data)) : reject(new Error(`${path}: ${response.statusCode} ${data}`)));
    });
    request.on("error", reject);
    // Nothing is said before the relay has shown its key.
    request.on("socket", (socket) => socket.on("secureConnect", () => checked(socket).then(() => request.end(JSON.stringify(body)), (e) => request.destroy(e))));
  });
}

async function join() {
  const statement = concat(text("openpep/join/1"), invitation.relayKey, invitation.secret, device.key);
  const me = await post("/v1/join", {
    invitation: base64url(invitation.secret), key: base64url(device.key), device: "a second client", sig: base64url(await device.sign(statement)),
  });
  if (me.relay.key !== base64url(invitation.relayKey)) throw new Error("another relay");
  return { ...me, person: uuid(me.person) };
}

async function openSession() {
  const id = hex(device.id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const { challenge } = await post("/v1/session", { device: id });
  const statement = concat(text("openpep/session/1"), invitation.relayKey, Buffer.from(challenge, "base64url"), device.id);
  return await post("/v1/session", { device: id, challenge, sig: base64url(await device.sign(statement)) });
}

/** A connection that hands out frames one after another. */
async function connect(token) {
  const { agent, checked } = pinned();
  const ws = new WebSocket(`wss://${invitation.host}:${invitation.port}/sync`, "openpep.v1", { agent, headers: { authorization: `Bearer ${token}` } });
  const frames = [];
  let wake = () => {};
  let failed;
  ws.on("message", (data) => { frames.push(cborg.decode(data)); wake(); });
  ws.on("error", (e) => { failed = e; wake(); });
  ws.on("close", () => { failed ??= new Error("the relay closed the connection"); wake(); });
  await new Promise((resolve, reject) => { ws.on("open", resolve); ws.on("error", reject); });
  await checked(ws._socket);
  return {
    send: (frame) => ws.send(cborg.encode(frame)),
    close: () => ws.close(),
    async next(t) {
      for (;;) {
        const at = frames.findIndex((f) => f.t === t || f.t === "error" || f.t === "held" || f.t === "gone");
        if (at >= 0) {
          const [frame] = frames.splice(at, 1);
          if (frame.t !== t) throw new Error(`${frame.t}: ${frame.code} ${frame.detail}`);
          return frame;
        }
        if (failed) throw failed;
        await new Promise((resolve) => (wake = resolve));
      }
    },
  };
}

async function readAndWrite() {
  socket.send({ t: "hello", version: 1, program: "second-client/1", deviceId: Buffer.from(device.id), lastRoster: 0, features: ["envelope-2"] });
  const welcome = await socket.next("welcome");
  const { list } = await socket.next("documents");
  const main = list.find((d) => d.kind === "main");
  const doc = Buffer.from(main.doc);

  // Cold: a snapshot, then the log from there.
  socket.send({ t: "open", doc });
  const parts = [];
  let snapshot;
  do {
    snapshot = await socket.next("snapshot");
    parts.push(snapshot.bytes);
  } while (snapshot.part + 1 < snapshot.parts);
  const incarnation = webcrypto.getRandomValues(Buffer.alloc(16));
  const actor = (await sha256(concat(text("openpep/actor/2"), doc, device.key, me.person, incarnation))).slice(0, 16);
  let plan = Automerge.load(concat(...parts), { actor: hex(actor) });
  let seq = Number(snapshot.seq);
  while (seq < Number(main.seq)) {
    const log = await socket.next("log");
    if (Number(log.from) !== seq + 1) throw new Error("a gap in the log");
    // The chunks come last in either version.
    for (const envelope of log.envelopes) plan = Automerge.loadIncremental(plan, envelope.at(-1));
    seq += log.envelopes.length;
  }
  const before = plan.answers[question].toString();

  plan = Automerge.change(plan, { time: Math.floor(Date.now() / 1000) }, (d) => {
    Automerge.splice(d, ["answers", question], d.answers[question].length, 0, words);
  });
  const chunk = Automerge.getLastLocalChange(plan);
  const change = Automerge.decodeChange(chunk);
  const hash = Buffer.from(change.hash, "hex");
  const statement = concat(text("openpep/envelope/1"), doc, actor, u64(change.seq), hash);
  const envelope = [2, doc, Buffer.from(actor), incarnation, change.seq, hash, Buffer.from(device.id), Buffer.from(await device.sign(statement)), Buffer.from(chunk)];
  socket.send({ t: "push", doc, envelopes: [envelope] });
  const receipt = await socket.next("receipt");
  if (hex(receipt.hash) !== change.hash || hex(receipt.epoch) !== hex(welcome.epoch)) throw new Error("a receipt for something else");
  return { name: me.name, role: me.role, before, after: plan.answers[question].toString(), heads: Automerge.getHeads(plan), receipt: Number(receipt.seq) };
}
