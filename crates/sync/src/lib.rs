//! What peers say to one another: `openpep/1`, whole enough to write a second client from.
//!
//! This crate holds state machines only. It opens no socket, reads no clock and draws no chance: frames go in, frames and
//! things to do come out ([`participant::Session`], [`relay::Session`]); [`Ledger`] is one document's log at one peer. It
//! knows the gate and nothing of plans.
//!
//! # Joining
//!
//! An invitation is a [`link::Link`]: `https://HOST:PORT/join#SECRET.RELAYKEY.CERTKEY.CHECK`, each part base64url without
//! padding. `SECRET` is 32 random bytes, good once; `RELAYKEY` the relay's Ed25519 public key, which signs rosters;
//! `CERTKEY` the SHA-256 of the SubjectPublicKeyInfo (DER) of the certificate that the relay must show in TLS: compare it,
//! and nothing else about the certificate matters. (`http://127.0.0.1:PORT/join#SECRET.RELAYKEY.CHECK` is a plain line, for
//! one machine only.) `CHECK` is the first 6 characters of base64url(SHA-256(the link without `.CHECK`)).
//!
//! A device makes an Ed25519 key and keeps it. Its **device id** is the first 16 bytes of
//! SHA-256(`"openpep/device/1"` ‖ public key). It joins with
//!
//! ```text
//! POST /v1/join  {"invitation": b64url(secret), "key": b64url(public key), "device": "name of the device",
//!                 "sig": b64url(Ed25519("openpep/join/1" ‖ relay key ‖ secret ‖ public key))}
//! 200            {"person", "name", "organisation", "role", "device", "relay": {"id", "key", "name"}}
//! otherwise      {"code", "detail"}     detail: a sentence for a person
//! ```
//!
//! Ids in JSON are UUID texts; everywhere else they are 16 bytes.
//!
//! # A session
//!
//! ```text
//! POST /v1/session  {"device": id}                        -> {"challenge": b64url(32 bytes)}   good once, for 60 seconds
//! POST /v1/session  {"device", "challenge", "sig": b64url(Ed25519("openpep/session/1" ‖ relay key ‖ challenge ‖ device id))}
//!                                                         -> {"token", "expires"}
//! GET  /sync        Authorization: Bearer TOKEN, Sec-WebSocket-Protocol: openpep.v1
//! ```
//!
//! A challenge and a token carry their own end and the relay's mark, by which every relay with the same signing key knows them; to a
//! device they are bytes without a meaning.
//!
//! A relay can change the key that it is known by. The answers to `join` and to the request for a challenge say
//! `"keys"`: its vouchers, the oldest first, each b64url(old key ‖ new key ‖ signature by the old ‖ signature by the new), both Ed25519
//! over `"openpep/relay-key/1"` ‖ relay id ‖ old key ‖ new key. A device goes from the key that it knows to the last that is vouched
//! for in an unbroken chain (the request for a challenge says with `"key"` which that is), keeps that one, and puts it wherever "relay key" stands here. The relay's id stays.
//!
//! A device that was revoked, and has shown its key, is answered 403 {"code": "revoked", "detail", "sig"}, where `sig` is
//! b64url(Ed25519(`"openpep/revoked/1"` ‖ relay key ‖ challenge ‖ device id)) by the relay's key. A client that can check it
//! erases the plans it holds. A connection that stands is ended with `error` of code `revoked`, and nothing before it.
//!
//! # Frames
//!
//! One binary WebSocket message is one frame: a CBOR map whose text key `t` says what it is. Ids are byte strings of 16,
//! hashes and public keys of 32, signatures of 64. Definite lengths; unknown keys are ignored; an unknown `t` is answered
//! with `error` of code `unknown`. A frame has at most [`frame::FRAME_BYTES_MAX`] bytes. `fixtures/frames/v1` has one of
//! each, byte for byte.
//!
//! | `t` | from | fields |
//! |---|---|---|
//! | `hello` | participant | `version` = 1, `program`, `deviceId`, `lastRoster` (version of the roster held, 0 for none), `features`?, `mark`?, `directory`? {`epoch`, `version`} |
//! | `welcome` | relay | `epoch`, `relayId`, `limits` {`frameBytesMax`, `envelopeBytesMax`, `queueFramesMax`}, `roster`? {`version`, `payload`, `sig`}, `features`?, `mark`? {`epoch`, `records`, `sig`}, `unsettled`? |
//! | `documents` | relay | `list` of {`doc`, `pep`, `kind`, `seq`, `start` {`pep`, `child`, `term`, `kind`, `process`, `processVersion`, `processHash`?, `extra`? {`reason`, `day`}}, `readers`? {`number`, `roles`}} |
//! | `child` | participant | `child` {`child`, `name`, `dob`, `lookedAfterSince`?, `emergency`}: a child that the relay may not know |
//! | `start` | participant | `start` as above: a PEP that the relay may not know |
//! | `readers` | both | `doc`, `number`, `roles` (names of roles): who reads a document |
//! | `open` | participant | `doc`, `cursor`? {`epoch`, `seq`, `hash`? (of the envelope of that number)} |
//! | `close` | participant | `doc` |
//! | `snapshot` | relay | `doc`, `seq`, `heads`, `part`, `parts`, `bytes`, `tips` [{`actor`, `incarnation`?, `seq`, `hash`, `deviceId`, `sig`}] |
//! | `log` | relay | `doc`, `from`, `envelopes` |
//! | `push` | participant | `doc`, `envelopes` |
//! | `receipt` | relay | `doc`, `hash`, `epoch`, `seq` |
//! | `held` | relay | `doc`, `hashes`, `code`, `detail`, `follows`? (some of `hashes`) |
//! | `heard` | participant | `doc`, `hashes` |
//! | `released` | relay | `doc`, `hashes` |
//! | `undecided` | relay | `doc`, `changes` |
//! | `roster` | relay | `version`, `payload`, `sig` |
//! | `entries` | relay | `version`, `part`, `parts`, `bytes` (deflated CBOR of a list of entries) |
//! | `listing` | relay | `whole`, `part`, `parts`, `bytes` (deflated CBOR of a list as in `documents`) |
//! | `mark` | relay | `epoch`, `records`, `sig` |
//! | `presence` | both | `doc`, `person`, `device`, `field`?, `caret`?, `heads`?, `state` |
//! | `gone` | relay | `doc` |
//! | `act` | participant | `id` (16 random bytes), `act` (CBOR of an [`act::Sentence`]), `sig` |
//! | `acted` | relay | `id`, `refused`? {`code`, `reason`}: done where it is missing |
//! | `error` | both | `code`, `detail`, `retryAfterMs`?, `doc`? |
//!
//! A relay reads no faster than it can serve everybody: who sends more waits in the line, and nothing is dropped. A reader that is
//! slow is sent the rest when it has read; what it opened meanwhile costs the relay nothing.
//!
//! `features` are words, each for something that not every program can do ([`feature`] lists them, and what is done without each): at
//! most 64 of at most 64 bytes; what is beyond is passed over. A side uses what both have said, and nothing else that a program of
//! the first day does not know.
//!
//! The order of a connection: `hello`; `welcome`; `documents` (sent again whenever the list changes). A participant may then
//! open documents in any order. `child` and `start` are answered by a new `roster` and `documents`, or by `error`.
//!
//! # A document's log
//!
//! For each document the relay keeps envelopes in an order that is a valid causal order, numbered from 1 without gaps. The
//! first change of a document, its **genesis**, is not in the log: it follows from what the PEP was started as, and a client
//! that does not want to compute it takes it from the snapshot. A later change of the genesis's own actor moves the document to a
//! newer version of its process: an envelope like any other but that its actor is nobody's, signed by the device of whoever brought
//! it. Everybody works out the same change; a client that does not know that version cannot take it, and leaves the document as it is.
//!
//! - `open` without a cursor is answered by a `snapshot`, in one or more parts: the concatenated `bytes` are a document (or,
//!   for one nobody has written in, its genesis change) that any Automerge library loads, holding the log up to `seq`. The
//!   last part carries the heads and each actor's newest signature. Then `log` frames go on from `seq` + 1.
//! - `open` with a cursor of the relay's present epoch is answered by `log` frames from `cursor.seq` + 1; a cursor of another
//!   epoch counts as `seq` 0, and the participant offers again what the log turns out to lack.
//! - `log.from` is always one more than the last number this connection was given. The one exception makes no gap: an
//!   envelope that this connection itself pushed is not sent back when its number is the next; its `receipt` stands for it.
//! - A `receipt` means: on disk at the relay, under that number. It is the only acknowledgement.
//! - `error` of code `missing` for a document: what was pushed builds on changes that the relay lacks, or its log does not
//!   have what the cursor names. Open it again from `seq` 0 and push, in order, what its log does not have.
//! - A participant pushes in a document only after it has read the log as far as `documents` said. So it finds there what
//!   it wrote and has lost (an old copy of its files), and goes on under a new actor. A device that pushes two different
//!   changes under one number all the same is locked: what it pushes from then on is held with the code `locked`.
//! - `gone`: not yours, or not there; the two are not told apart.
//!
//! # A relay that was put back
//!
//! A relay that sees that its disk was restored or copied begins another epoch. A machine that is rolled back whole shows nothing of it
//! on its disk. So a relay says how much it has: a **mark** is {`epoch`, `records`, `sig`}, where `records` counts what is on its
//! disk, and `sig` is Ed25519 by its key over `"openpep/mark/1" ‖ relay id ‖ epoch ‖ records (u64, big endian)`. It stands in `welcome`,
//! and comes again while changes are pushed (ours says it every ten seconds at the most). The participant keeps the newest and hands it back in `hello`. One of the relay's own key that says
//! more than it has, or names an epoch that it knows nothing of, proves that it was put back: it begins another epoch and says so in
//! its audit. Nobody's word does: a cursor that does not fit is answered with `missing`, and changes nothing.
//!
//! For some days after it was put back (the relay's setting is its own; ours is three) what a participant brings of *others* is judged
//! by every role that its author ever had, for it was let in when it came first. Afterwards it is judged like anything new.
//!
//! A participant whose cursor, of the present epoch, is beyond what `documents` says of the log reads that document from its start.
//!
//! # Who reads a document
//!
//! Its kind says so. Of one kind, `private-voice`, the child chooses: `readers` from a participant who reads it names the roles
//! that are to, and `number` the choice that its device has seen (`documents` says it; 0 where nobody has chosen). The relay puts
//! it on its disk and answers with `readers`: who does from here on, and the number of that choice. Whoever is no longer among
//! them is sent `gone`, and removes their copy; whoever has come to be among them finds the document in `documents`. A choice made
//! without knowledge of a newer one narrows it: only roles that both name read the document. Where they have none in common it is
//! refused. Until its own choice is answered a device pushes nothing into the document that somebody could read who is not chosen.
//! Somebody who hands the choice in for a child, and is not among the chosen, names their own role too until all that they wrote
//! down has its receipt, and leaves themselves out then.
//!
//! # Envelopes
//!
//! `[2, doc, actor, incarnation, seq, hash, deviceId, sig, chunks]`. `chunks` are Automerge change chunks (type 1, or 2 where deflated),
//! concatenated, by one actor, with consecutive sequence numbers; `seq` and `hash` are those of the last. `sig` is Ed25519 by
//! the author's device over `"openpep/envelope/1" ‖ doc ‖ actor ‖ seq (u64, big endian) ‖ hash`.
//!
//! **Actor**: the first 16 bytes of SHA-256(`"openpep/actor/2"` ‖ doc ‖ device public key ‖ person id ‖ `incarnation`). The incarnation
//! is 16 bytes of chance, and another whenever a device cannot prove that it holds the last change it made. An actor holds to one. A
//! relay takes in changes of one device under so many a day; for more it answers with `error` of code `incarnations`, and they wait on
//! the device until tomorrow. Text counts in UTF-16 code units. What else an envelope must satisfy is the [`gate`]'s, on both sides.
//!
//! Envelopes of version 1, `[1, doc, actor, seq, hash, deviceId, sig, chunks]`, are read and kept for ever, and written no more. Their
//! actor is the first 16 bytes of SHA-256(`"openpep/actor/1"` ‖ doc ‖ device public key ‖ person id ‖ number), the number a big-endian
//! u32 below `gate::limits::NUMBERS_MAX` that nothing names: a reader tries them.
//!
//! # Refused changes
//!
//! An envelope that the relay does not take in, and what builds on it in its author's chain, is **held**: kept on the relay's
//! disk, given to nobody, never in a log. Whoever pushed it is told with `held`; so is its author's device, at once and at
//! the beginning of every connection, until it has said `heard`: that the refusal, and what follows from it, is on its disk.
//! `code` says why, `detail` says it in a sentence; codes are those of `gate::Refusal`, `left` (it came when its author was
//! no longer on the child's team, whenever it was made) and `discarded` (somebody decided that it stays out).
//!
//! `follows` are those that nothing speaks against but that they build on a refused one. Their author's device takes the
//! whole branch out of its document and writes what those said again, as new changes under another incarnation, at the
//! places in the history where they stood. Hence the rule that keeps words from coming twice: accepted can be only what was
//! refused for its own sake (`left`, `right`), and only together with everything it builds on that is held; a change that
//! `follows` never is. What is refused for its form, history or signature is never accepted.
//!
//! A person whose membership has ended may still `push` to the documents that their role could read, without opening them:
//! what they wrote is then held as `left`, and not lost. They are sent nothing of the child any more.
//!
//! Those of the Virtual School decide. `undecided` tells their devices how many refused changes of a document wait, after
//! `documents` and whenever that changes.
//!
//! ```text
//! GET  /v1/held   Authorization: Bearer TOKEN   -> CBOR of held::List: what waits, for all children whose plans the token's
//!                                                  person reads as one of the Virtual School
//! POST /v1/held   {"change": hex, "doc": id, "decision": "accept" | "discard"}   -> {"changes": [hex …]}   what it came to
//! ```
//!
//! Accepted changes enter the log under their own author and signature, and their author is told with `released` (until
//! `heard`). Nothing is discarded before its author has heard that it was refused.
//!
//! # The roster
//!
//! `payload` is CBOR of a [`Roster`]; `sig` is Ed25519 by the relay's key over `"openpep/roster/1" ‖ payload`. A client
//! accepts an envelope only from a device of somebody who is, or was, on the child's team, and only if one of the roles that
//! they had there may write where it writes, or `accepted` names the change. The relay itself judges by the role of the
//! moment. A client that lacks what a change's author may do asks for a newer roster before it gives up.
//! `left` names the reader's own ended memberships: a client gives those children's documents up once nothing in them waits.
//!
//! # The directory as entries
//!
//! With the feature `entries` on both sides no roster is sent. The directory is sheets, each with a number of its own that rises by one
//! whenever what stands on it changes, and each is sent as an **entry** ([`directory::Entry`]): `kind` and `id` of what it is about,
//! `number`, `epoch`, `at` (version of the directory when it was written), `body` (CBOR of the sheet), `sig` (Ed25519 by the relay's key
//! over `"openpep/entry/1"` ‖ relay id ‖ length of `kind` (one byte) ‖ `kind` ‖ length of `id` (one byte) ‖ `id` ‖ `number` ‖ `epoch` ‖
//! `at` ‖ `body`, numbers as u64, big endian). The relay signs it once, and everybody is sent the same bytes.
//!
//! | `kind` | `id` | what stands on it | who is sent it |
//! |---|---|---|---|
//! | `council` | none | name; who has every child, now and before; `addresses`? of the relay [{`url`, `tls`?}], in the order to try; `processes`?: phase → ids of the processes under which new PEPs begin; `calendars`? [{`number`, `schools`?, `file`: term dates as JSON}] | everybody |
//! | `child` | child | the child; the team with days; `delegations`? [{`pep`, `person`, `sections`, `from`, `to`, `joined`?}]: what colleagues answer for the designated teacher, past ones too; `corrections`? [{`pep`, `kind`?, `amended`?, `withdrawn`?, `waitsFor`?}]: what was put right about PEPs, with {`by`?, `on`, `why`?} each; `joined`? {`into`, `said`}: whose entry this one is another of | those whose the child is today |
//! | `restricted` | child | facts that not everybody on the team may know | of those, the roles that read the annex `family` |
//! | `accepted` | document | changes that were let in | those who read the document |
//! | `person` | person | the person; their devices, revoked ones too | who shares a child with them; everybody, of those who have every child |
//! | `left` | child ‖ person | the membership that ended | that person, in place of the child's sheet |
//!
//! `hello.directory` says how far what the participant holds is complete, and in which epoch. After `welcome` come `entries`, in parts, with
//! what is newer and with what has come to concern its person since, whatever its age; with the last part it is complete up to
//! `version`. They come again when something that concerns it changes, always before the log that rests on it, so nobody waits for
//! more. Then the list of documents comes as `listing`, `whole` at first; later those that are new or otherwise, and `gone` for the
//! others. A part inflates to at most [`packed::INFLATED_BYTES_MAX`] bytes.
//!
//! A participant keeps entries one by one. It takes one of the connection's epoch alone, signed by the relay it knows, and with a higher
//! number than the one it holds of that epoch. In a new epoch numbers count anew; what was signed in an earlier one stays
//! beside it (people who wrote then are known on) while `welcome` says `unsettled`, and goes when all has come and it does not.
//! A kind of sheet that a program does not know it keeps like the others. Who has every child has the role that stands there, for every
//! child on whose team they have no other.
//!
//! # Acts
//!
//! What people have the directory do: `act` is a sentence (who, what, on whom, from when, why), `sig` Ed25519 by its device over
//! `"openpep/act/1" ‖ relay key ‖ id ‖ act`. The relay judges it by its table of rights (`pep-relay rights`), does it once however often
//! the same `id` comes, and answers with `acted` when it is on its disk; whoever it concerns is sent the new roster before. A sentence
//! names what its device took to stand, and is refused where something else stands by then. A refusal has changed nothing. One that was
//! said more than some days ago is refused, so that the relay need not remember for ever what it did.
//!
//! # Presence
//!
//! Passed on to the others who have the document open, with `person` and `device` as the relay knows them; never stored.
//! What a connection said last of a document is kept in memory until it says `left`, and told to whoever opens the document;
//! `left` is said for a connection that ends. A device says where its person is when that changes (at most every 400 ms for
//! one document), again every 10 seconds while it holds, and `left` when they leave; what was not said again for 30 seconds
//! does not hold any more. `field` has at most 512 bytes and `heads` 64 hashes; what has more, or comes faster than a relay
//! takes, is passed over: the next repetition says it again. Where somebody is in an annex is said in that annex.

#![warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod envelope;
mod ledger;

pub mod act;
pub mod backoff;
pub mod cbor;
pub mod directory;
pub mod feature;
pub mod frame;
pub mod held;
pub mod identity;
pub mod link;
mod mark;
pub mod packed;
pub mod participant;
pub mod people;
pub mod presence;
pub mod relay;
pub mod roster;
pub mod voucher;

pub use envelope::{Wire, sign};
pub use feature::Features;
pub use frame::{Cursor, Frame};
pub use ledger::{Ledger, Taken};
pub use mark::Mark;
pub use people::People;
pub use roster::{Roster, SignedRoster};
