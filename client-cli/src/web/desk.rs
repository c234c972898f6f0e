//! Between the pages and this device's plans: lends what a page shows, writes what a form asks for.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use gate::Hash;
use plan::{
    Applied, Automerge, ChangeHash, Dispute, DocumentKind, Documents, Edit, MeetingView, Offer, Pep, Refused, Role,
    Signing, Value, View, Who, Writer,
};
use replica::{Secret, Trouble};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    assets, comeback,
    lent::{ChildLine, Digest, Findings, Gathering, Given, Looked, Past, Plan, Sharing, Site, Was},
    live::{Live, Told},
    pages::children::newest_first,
    past,
    request::Signature,
    who,
};
use crate::{
    app::App,
    bring,
    cli::Global,
    clock,
    commands::{check, conflicts, held, meeting, new, quality},
    context::Context,
    unlock::LockError,
};
use participant::{
    Mine,
    device::{Device, Papers, Present, Spot, Typed, Waiting},
    error::{Error, Kind},
    settings::{Handed, NotThePin, Pin, Settings},
    typing::Splice,
    words,
};

/// The file in the home folder that holds what the council calls itself, and its colour.
pub const SETTINGS: &str = "pages.json";
/// Lists kept from one page to the next, one for each plan. A device has at most a few hundred.
const SHELF_MAX: usize = 2_000;

/// Letters put in or taken away in one change; the plan takes 20,000, and what was carried over may come to it.
const TYPED_MAX: usize = 2_000;
/// Forms remembered: a browser sends one again within seconds, or after going back a few pages.
const WRITTEN_MAX: usize = 256;

/// What the pages of one home are lent from.
pub struct Desk {
    app: Arc<App>,
    shelf: Arc<Shelf>,
}

/// What is kept from one page to the next: nothing that cannot be worked out again.
#[derive(Default)]
pub struct Shelf {
    digests: Mutex<BTreeMap<Uuid, (Version, Digest)>>,
    /// Forms that were written lately, and where they led: a form that comes twice is written once.
    written: Mutex<VecDeque<(Uuid, String)>>,
    /// Tabs that have come so far.
    tabs: AtomicU64,
    /// Why sharing was last tried in vain.
    pub failed: Mutex<Option<(String, Option<String>)>>,
}

/// Tells one state of a plan from another: this person's role, the list of people, and how much of each document is here.
type Version = (Role, u64, [u64; DocumentKind::ALL.len()]);

/// What the council sets, and what the person does.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Council {
    name: Option<String>,
    colour: Option<String>,
    /// `pep demo` says so of the people it makes.
    demo: bool,
}

/// A box after what was ready in it was written.
pub struct Settled {
    /// The box.
    pub live: Live,
    /// What its tab is told.
    pub told: Vec<Told>,
    /// The last change made.
    pub change: Option<ChangeHash>,
}

/// Why a form's edits were not written.
pub enum NotWritten {
    /// The plan has changed since it was lent.
    Moved,
    /// The plan does not take them.
    Refused(Refused),
    /// The device cannot.
    Failed(Error),
}

impl Shelf {
    /// A number for a tab that no other has.
    pub fn next_tab(&self) -> u64 {
        self.tabs.fetch_add(1, Ordering::Relaxed)
    }
}

impl Desk {
    /// For one request.
    pub fn new(app: Arc<App>, shelf: Arc<Shelf>) -> Desk {
        Desk { app, shelf }
    }

    /// What surrounds every page.
    pub fn site(&self) -> Result<Site, Error> {
        let context = self.context();
        let me = context.me()?;
        let council = council(self.app.home());
        let (line, last_sync, waiting, undecided, organisation, settings, key) = context.with(|device| {
            let (waiting, undecided, settings) =
                (device.answers_waiting()?, device.undecided()?, Settings::of(device)?);
            let organisation = device.roster().organisation.clone();
            let key = comeback::key(device)?;
            let (line, last_sync) = (device.line().clone(), device.last_sync());
            Ok::<_, Trouble>((line, last_sync, waiting, undecided, organisation, settings, key))
        })?;
        let named = [council.name, Some(organisation), Some(me.relay.name)].into_iter().flatten();
        let colour = council.colour.filter(|colour| assets::is_colour(colour) && assets::carries_white(colour));
        Ok(Site {
            council: named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_default(),
            colour: colour.unwrap_or_else(|| assets::NEUTRAL.to_owned()).to_lowercase(),
            name: me.name,
            line,
            last_sync,
            waiting,
            undecided,
            pass: key.and_then(|key| comeback::pass(&key, clock::now().unix())),
            settings,
            guarded: self.app.idle().is_guarded(),
            demo: council.demo,
            now: clock::now(),
            today: clock::now().day(),
        })
    }

    /// That the Virtual School has revoked this device.
    pub fn shut_out(&self) -> Option<Error> {
        let shut = self.context().with(|device| Ok::<_, Trouble>(device.is_revoked().cloned()));
        shut.ok().flatten().map(|shut| shut.error(clock::now().zone))
    }

    /// How the pages behave on this device.
    pub fn settings(&self) -> Result<Settings, Error> {
        self.context().with(|device| Settings::of(device))
    }

    /// Whether the pages are locked: nobody is answered without the passphrase.
    pub fn is_locked(&self) -> bool {
        self.app.idle().is_locked(clock::now().ms)
    }

    /// A person asks for something: whether they may have it without the passphrase.
    pub fn person_came(&self) -> bool {
        self.app.idle().came(clock::now().ms)
    }

    /// Locks the pages, where there is a passphrase.
    pub fn lock(&self) {
        self.app.lock();
    }

    /// Unlocks them, or says why not. Every try counts.
    pub fn unlock(&self, passphrase: &Secret) -> Result<(), LockError> {
        self.app.unlock(passphrase)
    }

    /// To which child's plan this device was given; `None` where it is with its owner.
    pub fn handed(&self) -> Result<Option<Handed>, Error> {
        self.context().with(|device| Handed::of(device))
    }

    /// Gives this device to a child, or takes it back. On the disk when this returns.
    pub fn hand(&self, handed: Option<Handed>) -> Result<(), Error> {
        self.context().with(move |device| Handed::keep(device, handed))
    }

    /// The plan that is in the hands of its child. `None` where this device does not hold it.
    pub fn given(&self, handed: Handed, refused: Option<Refused>) -> Result<Option<Given>, Error> {
        let owner = self.context().me()?.name;
        let Some(plan) = self.plan(&handed.pep, None, refused)? else { return Ok(None) };
        let team = self.team(&plan)?;
        Ok(Some(Given { plan, team, owner }))
    }

    /// Who works with the child of a plan today.
    pub fn team(&self, plan: &Plan) -> Result<Vec<Who>, Error> {
        meeting::team(&self.context(), &Mine { pep: plan.pep.clone(), role: plan.role })
    }

    /// Chooses who sees the child's private words. On the disk when this returns.
    pub fn choose_readers(&self, plan: &Plan, roles: Vec<Role>) -> Result<(), NotWritten> {
        let (pep, role) = (plan.pep.clone(), plan.role);
        let chosen = self.context().with(move |device| device.choose_private_readers(&pep, role, &roles));
        let failed = |words: String| NotWritten::Failed(Error::new(Kind::NotPermitted, words));
        chosen.map_err(NotWritten::Failed)?.map(drop).map_err(|no| failed(no.to_string()))
    }

    /// Whether this device has a PIN that takes it back from a child.
    pub fn has_pin(&self) -> Result<bool, Error> {
        self.context().with(|device| Pin::is_set(device))
    }

    /// Keeps how the pages behave. On the disk when this returns.
    pub fn keep_settings(&self, settings: Settings) -> Result<(), Error> {
        self.context().with(move |device| settings.keep(device))?;
        self.app.idle().after(settings.idle_minutes);
        Ok(())
    }

    /// Whether this is the PIN, or why it is not taken. Every try counts.
    pub fn try_pin(&self, digits: &str) -> Result<Result<(), NotThePin>, Error> {
        let context = self.context();
        let pin = match context.with(|device| Pin::count_try(device, clock::now().unix()))? {
            Ok(pin) => pin,
            Err(not) => return Ok(Err(not)),
        };
        match pin.is(digits) {
            true => context.with(Pin::was_right).map(Ok),
            false => context.with(|device| Pin::was_wrong(device)).map(Err),
        }
    }

    /// Makes a PIN this device's. On the disk when this returns.
    pub fn keep_pin(&self, pin: Pin) -> Result<(), Error> {
        self.context().with(move |device| pin.keep(device))
    }

    /// Says where a tab's person is, to the others; after how many milliseconds to say it again.
    pub fn stand(&self, tab: u64, spot: Option<Spot>, now_ms: u64) -> Option<u64> {
        self.app.with(move |device| device.stand(tab, spot, now_ms).ok().flatten()).ok().flatten()
    }

    /// Who else has a plan on their screen.
    pub fn present(&self, pep: &Uuid) -> Vec<Present> {
        let pep = *pep;
        let present = move |device: &mut Device| device.pep(&pep).map(|pep| device.present(pep, clock::now().ms));
        self.app.with(present).ok().flatten().unwrap_or_default()
    }

    /// All plans of this person's teams.
    pub fn digests(&self) -> Result<Vec<Digest>, Error> {
        let shelf = self.shelf.clone();
        let day = clock::now().today();
        let mut digests = self.context().with(move |device| {
            let peps: Vec<(Pep, Role)> =
                device.peps().filter_map(|pep| Some((pep.clone(), device.role_for(&pep.child, &day)?))).collect();
            let names = names(device)?;
            let mut kept = shelf.digests.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() > SHELF_MAX {
                kept.clear();
            }
            let mut digests = Vec::new();
            for (pep, role) in peps {
                let version = version(device, &pep, role)?;
                let fresh = match kept.get(&pep.id()) {
                    Some((known, digest)) if *known == version => digest.clone(),
                    _ => {
                        let Some(view) = device.view_if_here(&pep, role)? else { continue };
                        let digest = digest(&pep, role, &view, names.get(&pep.child));
                        kept.insert(pep.id(), (version, digest.clone()));
                        digest
                    }
                };
                let here = device.present(&pep, clock::now().ms).into_iter().filter(|present| !present.myself);
                digests.push(Digest { here: here.map(|present| present.who.name).collect(), ..fresh });
            }
            Ok::<_, Trouble>(digests)
        })?;
        digests.sort_by_cached_key(|digest| (digest.due.is_none(), digest.due, digest.name.to_lowercase()));
        Ok(digests)
    }

    /// All children of this person's teams, with their plans.
    pub fn children(&self) -> Result<Vec<ChildLine>, Error> {
        let mut plans: BTreeMap<Uuid, Vec<Digest>> = BTreeMap::new();
        for digest in self.digests()? {
            plans.entry(digest.pep.child).or_default().push(digest);
        }
        let names = self.context().with(|device| names(device))?;
        let line = |(child, name): (Uuid, String)| {
            let mut plans = plans.remove(&child).unwrap_or_default();
            newest_first(&mut plans);
            ChildLine { child, name: plans.first().map_or(name, |plan| plan.name.clone()), plans }
        };
        Ok(names.into_iter().map(line).collect())
    }

    /// One child of this person's teams, with their plans. `None` where this device knows no such child.
    pub fn child(&self, id: &Uuid) -> Result<Option<ChildLine>, Error> {
        let found = self.children()?.into_iter().find(|line| line.child == *id);
        if found.is_some() {
            self.context().role_for(*id)?;
        }
        Ok(found)
    }

    /// What speaks against starting a PEP: said, and never a bar. Of one that exists nothing does.
    pub fn doubts(&self, pep: &Pep) -> Result<Vec<String>, Error> {
        let context = self.context();
        if new::known(&context, pep)?.is_some() {
            return Ok(Vec::new());
        }
        let children = context.with(|device| device.children())?;
        let born = children.iter().find(|child| child.id == *pep.child.as_bytes()).map_or("", |child| &child.dob);
        new::doubts(&context, pep, context.role_for(pep.child)?, born)
    }

    /// Starts a PEP or finds the one that exists, and brings what this person answers for from the last; where it is.
    pub fn start(&self, pep: Pep, blank: bool) -> Result<String, Error> {
        let mut context = self.context();
        let role = context.role_for(pep.child)?;
        let (pep, created) = match new::known(&context, &pep)? {
            Some(known) if known.process != pep.process => (known, false),
            _ => {
                let started = pep.clone();
                let created = context.with(move |device| device.start_pep(&started, role))?;
                (pep, created)
            }
        };
        let mine = Mine { pep, role };
        let came = if blank { None } else { bring::from_last(&mut context, &mine)? };
        let brought = came.map_or(String::new(), |came| {
            format!(
                "&copied={}&confirm={}&reviews={}&actions={}",
                came.copied, came.to_confirm, came.reviews, came.actions
            )
        });
        Ok(format!("/pep/{}?started={}{brought}", mine.pep.id(), if created { "new" } else { "known" }))
    }

    /// One plan; `stamp` is what a form says it was made from. `None` where this device does not hold it.
    pub fn plan(&self, id: &Uuid, stamp: Option<&str>, refused: Option<Refused>) -> Result<Option<Plan>, Error> {
        let context = self.context();
        let person = Uuid::from_bytes(context.me()?.person);
        let wanted = *id;
        let Some(pep) = context.with(move |device| Ok::<_, Trouble>(device.pep(&wanted).cloned()))? else {
            return Ok(None);
        };
        let role = context.role_for(pep.child)?;
        let asked = pep.clone();
        let (papers, names, present, mine, private_readers, private_wait) = context.with(move |device| {
            let now_ms = clock::now().ms;
            let mine = match device.seen_whole(&asked, now_ms)? {
                Some(seen) => Some((device.waits(&asked)?.answers.len(), seen)),
                None => None,
            };
            let present = device.present(&asked, now_ms);
            let (readers, wait) = (device.private_readers(&asked), device.private_readers_wait(&asked));
            Ok::<_, Trouble>((device.papers(&asked, role)?, names(device)?, present, mine, readers, wait))
        })?;
        let Some(view) = papers.documents().map(|documents| read(documents, &pep, &papers)) else { return Ok(None) };
        let heads: BTreeMap<DocumentKind, Vec<ChangeHash>> =
            papers.held().map(|(kind, document)| (kind, document.get_heads())).collect();
        let seen = match stamp.map(|stamp| before(&papers, &pep, stamp)) {
            Some(None) => return Err(unknown_stamp()),
            Some(Some((_, seen))) if seen == heads => None,
            Some(seen) => seen,
            None => None,
        };
        let name = called(&view, names.get(&pep.child));
        let fresh = clock::fresh_id();
        Ok(Some(Plan {
            pep,
            role,
            person,
            name,
            view,
            heads,
            seen,
            present,
            mine,
            private_readers,
            private_wait,
            refused,
            fresh,
            now: clock::now(),
            today: clock::now().day(),
        }))
    }

    /// What the checks find in a plan.
    pub fn findings(&self, plan: &Plan) -> Result<Findings, Error> {
        let mine = Mine { pep: plan.pep.clone(), role: plan.role };
        let others = self.digests()?.into_iter().filter(|other| other.pep.child != plan.pep.child);
        let others: Vec<String> = others.flat_map(|other| other.statements).collect();
        let context = self.context();
        check::in_light_of(&context, &mine, &plan.view, &others)
    }

    /// What this person's signature waits for; `None` for roles that sign nothing.
    pub fn offer(&self, plan: &Plan) -> Result<Option<Offer>, Error> {
        let mut findings = self.findings(plan)?;
        if plan.role.is_virtual_school() {
            let mine = Mine { pep: plan.pep.clone(), role: plan.role };
            findings.extend(quality::of_sample(&self.context(), &mine)?);
        }
        Ok(plan::offer(&plan.view, &plan.pep, plan.role, &findings))
    }

    /// Whether the process checks this plan, by the plans that this device holds.
    pub fn sampled(&self, plan: &Plan) -> Result<bool, Error> {
        quality::is_sampled(&self.context(), &Mine { pep: plan.pep.clone(), role: plan.role })
    }

    /// The meeting, in the light of who works with the child and of the last PEP.
    pub fn meeting(&self, plan: &Plan) -> Result<MeetingView, Error> {
        let (context, mine) = (self.context(), Mine { pep: plan.pep.clone(), role: plan.role });
        meeting::meeting(&context, &mine, &plan.view, &meeting::team(&context, &mine)?)
    }

    /// What the meeting is run from.
    pub fn gathering(&self, plan: &Plan) -> Result<Gathering, Error> {
        let (context, mine) = (self.context(), Mine { pep: plan.pep.clone(), role: plan.role });
        let mut team = meeting::team(&context, &mine)?;
        if !team.iter().any(|who| who.person == plan.person) {
            // Whoever added the child here a moment ago is on no list of the relay yet.
            team.push(Who { person: plan.person, name: context.me()?.name, role: plan.role, until: None });
        }
        let meeting = meeting::meeting(&context, &mine, &plan.view, &team)?;
        Ok(Gathering { meeting, team, offer: self.offer(plan)?, now: clock::now().local() })
    }

    /// The meeting for a calendar, or what it lacks.
    pub fn calendar(&self, plan: &Plan) -> Result<String, Error> {
        meeting::calendar_file(&self.context(), &Mine { pep: plan.pep.clone(), role: plan.role })
    }

    /// Every place where people entered different things apart, and every text that two people rewrote apart.
    pub fn disputes(&self, plan: &Plan) -> Result<Vec<Dispute>, Error> {
        conflicts::disputes(&self.context(), &Mine { pep: plan.pep.clone(), role: plan.role })
    }

    /// What happened in a plan, newest first: a page of it, and what leads to the rest.
    pub fn past(&self, plan: &Plan, looked: &Looked) -> Result<Past, Error> {
        let papers = self.papers(plan)?;
        Ok(past::past(&papers, plan, looked))
    }

    /// An answer as it was after a change. `word` stands for its place. `None` where no such thing is in the history.
    pub fn was(&self, plan: &Plan, question: &str, change: &str, word: &str) -> Result<Option<Was>, Error> {
        let papers = self.papers(plan)?;
        Ok(past::was(&papers, plan, question, change, word))
    }

    /// The plan as it was at a change, without annexes. `None` where the change is not in it.
    pub fn version(&self, plan: &Plan, change: ChangeHash) -> Result<Option<View>, Error> {
        let papers = self.papers(plan)?;
        let then = papers.documents().and_then(|documents| documents.main.fork_at(&[change]).ok());
        Ok(then.map(|then| read(Documents::main(&then), &plan.pep, &papers)))
    }

    /// How far sharing has come.
    pub fn sharing(&self) -> Result<Sharing, Error> {
        let context = self.context();
        let me = context.me()?;
        let (waiting, held, left) = context.with(|device| {
            let peps: Vec<Pep> = device.peps().cloned().collect();
            let names = names(device)?;
            let mut waiting = Vec::new();
            for pep in peps {
                let title = format!("{}, {}", name_of(names.get(&pep.child)), words::sitting(&pep));
                let shared = device.shared(&pep)?;
                if shared.waiting > 0 {
                    waiting.push((title, device.waits(&pep)?));
                }
            }
            Ok::<_, Trouble>((waiting, device.refused(), device.roster().left.len()))
        })?;
        let failed = self.shelf.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let decides = held::decides(&context)?;
        let (relay, offline) = ((me.relay.name, me.relay.url), self.app.is_offline());
        Ok(Sharing { relay, waiting, held, decides, left, failed, offline })
    }

    /// Refused changes that wait for this person's decision, each with what the child is called; asked of the relay now.
    pub fn undecided(&self) -> Result<Vec<(String, Waiting)>, Error> {
        let context = self.context();
        let waiting = held::fetched(&context)?;
        let names = context.with(|device| names(device))?;
        let named = |one: Waiting| (name_of(one.pep.as_ref().and_then(|pep| names.get(&pep.child))), one);
        Ok(waiting.into_iter().map(named).collect())
    }

    /// Decides about one of them.
    pub fn decide(&self, change: &str, accept: bool) -> Result<(), Error> {
        let waiting = held::fetched(&self.context())?;
        let one = waiting.iter().find(|one| crate::json::hex(&one.change.hash) == change);
        let gone = || Error::new(Kind::Failed, "Somebody has decided about that change already.");
        held::decided(&self.app, one.ok_or_else(gone)?, accept)
    }

    /// Lets the line to the relay go, or takes it up again.
    pub fn work_offline(&self, offline: bool) -> Result<(), Error> {
        if offline {
            self.app.work_offline();
            return Ok(());
        }
        Ok(self.app.keep_line()?)
    }

    /// Writes what a form asks for, if the plan is still as it was lent. On the disk when this returns.
    pub fn write(&self, plan: &Plan, lots: Vec<(DocumentKind, Vec<Edit>)>) -> Result<(), NotWritten> {
        let (pep, role, lent) = (plan.pep.clone(), plan.role, plan.heads.clone());
        let done = self.context().with(move |device| {
            if moved(device, &pep, &lent)? {
                return Ok(Err(NotWritten::Moved));
            }
            for (kind, edits) in lots {
                let applied: Result<Applied, Refused> = device.edit(&pep, kind, role, &edits, clock::now().unix())?;
                if let Err(refused) = applied {
                    return Ok(Err(NotWritten::Refused(refused)));
                }
            }
            Ok::<_, Trouble>(Ok(()))
        });
        done.unwrap_or_else(|e| Err(NotWritten::Failed(e)))
    }

    /// The text at a question or field as this person would go on writing it, and how much of what a tab typed there is in it:
    /// the number of an edit, 0 for none.
    pub fn text(
        &self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        tab: Uuid,
        field: &str,
    ) -> Result<(String, u64), NotWritten> {
        let (pep, field) = (pep.clone(), field.to_owned());
        let done = self.context().with(move |device| {
            let typed = device.typed(&tab, &field)?;
            Ok::<_, Trouble>(text(device, &pep, kind, role, &field)?.map(|text| (text, typed)))
        });
        done.map_err(NotWritten::Failed)?.map_err(NotWritten::Refused)
    }

    /// How far changes at questions or fields of a plan have come: empty while one is saved on this device alone.
    pub fn how_far(&self, pep: &Uuid, changes: Vec<(DocumentKind, String, ChangeHash)>) -> Vec<String> {
        let pep = *pep;
        let done = self.app.with(move |device| {
            let Some(pep) = device.pep(&pep).cloned() else { return Ok(Vec::new()) };
            let far = changes.into_iter().map(|(kind, field, change)| {
                let doc = *pep.document(kind).as_bytes();
                if !device.is_shared(&doc, &change.0)? {
                    return Ok(String::new());
                }
                let seen = device.seen_by(&pep, &doc, &change.0, clock::now().ms)?.into_iter();
                let near = seen
                    .filter(|one| !one.myself && one.field.as_deref().is_some_and(|at| who::is_near(&pep, at, &field)));
                let names: Vec<String> = near.map(|present| present.who.name).collect();
                Ok(if names.is_empty() {
                    "Shared".to_owned()
                } else {
                    format!("Shared. Seen by {}", who::named(&names))
                })
            });
            far.collect::<Result<Vec<String>, Trouble>>()
        });
        done.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// The heads of documents of a plan.
    pub fn heads(&self, pep: &Uuid, kinds: BTreeSet<DocumentKind>) -> BTreeMap<DocumentKind, Vec<Hash>> {
        let pep = *pep;
        let heads = move |device: &mut Device| {
            let Some(pep) = device.pep(&pep).cloned() else { return BTreeMap::new() };
            let of = |kind: DocumentKind| {
                let standing = device.replica().standing(pep.document(kind).as_bytes()).ok()?;
                Some((kind, standing.heads))
            };
            kinds.into_iter().filter_map(of).collect()
        };
        self.app.with(heads).unwrap_or_default()
    }

    /// Forgets what tabs of long ago typed.
    pub fn forget_typed(&self) {
        // What cannot be forgotten now is forgotten another time.
        let _ = self.app.with(Device::forget_typed);
    }

    /// Writes what was typed in a box, and takes in what others wrote there. On the disk when this returns.
    pub fn settle(
        &self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        tab: Uuid,
        question: &str,
        mut live: Live,
    ) -> Result<Settled, NotWritten> {
        let (pep, question) = (pep.clone(), question.to_owned());
        let done = self.context().with(move |device| {
            let now = match text(device, &pep, kind, role, &question)? {
                Ok(now) => now,
                Err(refused) => return Ok(Err(NotWritten::Refused(refused))),
            };
            let Some(writing) = live.settle(&now) else {
                return Ok(Ok(Settled { live, told: Vec::new(), change: None }));
            };
            // The offsets are those of the present text: nobody else writes while this thread has the documents.
            let splice = |piece: Splice| Edit::Splice {
                question: question.clone(),
                at: piece.at,
                delete: piece.delete,
                insert: piece.insert,
                seen: Vec::new(),
            };
            let edits: Vec<Edit> = writing.pieces.iter().flat_map(in_changes).map(splice).collect();
            let typed = Typed { tab, field: question.clone(), n: writing.n };
            let change = match edits.is_empty() {
                true => None,
                false => match device.type_in(&pep, kind, role, edits, &typed, clock::now().unix())? {
                    Ok(change) => change,
                    Err(refused) => return Ok(Err(NotWritten::Refused(refused))),
                },
            };
            let told = live.written(writing);
            Ok::<_, Trouble>(Ok(Settled { live, told, change }))
        });
        done.unwrap_or_else(|e| Err(NotWritten::Failed(e)))
    }

    /// Signs, if the plan is still as it was lent. On the disk when this returns.
    pub fn sign(&self, plan: &Plan, signature: Signature) -> Result<(), NotWritten> {
        let (pep, role, lent) = (plan.pep.clone(), plan.role, plan.heads.clone());
        let done = self.context().with(move |device| {
            if moved(device, &pep, &lent)? {
                return Ok(Err(NotWritten::Moved));
            }
            let Signature { question, key, on, comment } = signature;
            let signing = Signing { question, key, on, comment: &comment };
            let signed = device.sign(&pep, role, signing, clock::now().unix())?;
            Ok::<_, Trouble>(signed.map(|_| ()).map_err(NotWritten::Refused))
        });
        done.unwrap_or_else(|e| Err(NotWritten::Failed(e)))
    }

    /// Where a form led that was written already.
    pub fn written(&self, form: &Uuid) -> Option<String> {
        let written = self.shelf.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.iter().find(|(known, _)| known == form).map(|(_, then)| then.clone())
    }

    /// Remembers a form that was written, and where it led.
    pub fn was_written(&self, form: Uuid, then: &str) {
        let mut written = self.shelf.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() >= WRITTEN_MAX {
            written.pop_front();
        }
        written.push_back((form, then.to_owned()));
    }

    /// Tries to share now, and keeps why it did not come about for the page that says so.
    pub fn sync_now(&self, patience: std::time::Duration) {
        let failed = match self.app.sync_once(patience) {
            Ok(synced) if synced.in_step => None,
            Ok(_) => Some((
                "This device and the relay do not hold the same yet.".to_owned(),
                Some("Everything is safe on this device. Try again in a moment.".to_owned()),
            )),
            Err(e) => {
                let error = Error::from(e);
                Some((error.message, error.hint))
            }
        };
        *self.shelf.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    fn papers(&self, plan: &Plan) -> Result<Papers, Error> {
        let (pep, role) = (plan.pep.clone(), plan.role);
        self.context().with(move |device| device.papers(&pep, role))
    }

    fn context(&self) -> Context {
        let global = Global { home: None, json: false, quiet: true, verbose: false, passphrase_file: None };
        Context::brought(self.app.clone(), global, Default::default(), Vec::new(), Default::default())
    }
}

fn text(
    device: &mut Device,
    pep: &Pep,
    kind: DocumentKind,
    role: Role,
    question: &str,
) -> Result<Result<String, Refused>, Trouble> {
    let person = device.me().map(|me| Uuid::from_bytes(me.person)).ok_or(Trouble::Unknown)?;
    let doc = *pep.document(kind).as_bytes();
    device.replica().read(&doc, |document| plan::text_at(document, question, &Writer { person, role }))
}

/// A piece as pieces of which each is small enough for one change, such as a long text that was pasted.
fn in_changes(piece: &Splice) -> Vec<Splice> {
    let mut parts = Vec::new();
    let mut left = piece.delete;
    while left > TYPED_MAX {
        // From the back, so that each lies in the text as it is then.
        left -= TYPED_MAX;
        parts.push(Splice { at: piece.at + left, delete: TYPED_MAX, insert: String::new() });
    }
    let mut at = piece.at;
    let letters: Vec<char> = piece.insert.chars().collect();
    let mut inserts = letters.chunks(TYPED_MAX).map(|letters| letters.iter().collect::<String>());
    if let Some(insert) = inserts.next().or((left > 0).then(String::new)) {
        at += insert.encode_utf16().count();
        parts.push(Splice { at: piece.at, delete: left, insert });
    }
    for insert in inserts {
        let width = insert.encode_utf16().count();
        parts.push(Splice { at, delete: 0, insert });
        at += width;
    }
    parts
}

/// Whether a document of the plan is no longer as it was lent.
fn moved(device: &mut Device, pep: &Pep, lent: &BTreeMap<DocumentKind, Vec<ChangeHash>>) -> Result<bool, Trouble> {
    for (kind, heads) in lent {
        let doc = *pep.document(*kind).as_bytes();
        if device.replica().read(&doc, |document| document.get_heads() != *heads)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn read(documents: Documents<'_>, pep: &Pep, papers: &Papers) -> View {
    plan::read(documents, pep, &|actor| papers.author(actor))
}

/// The plan as a form's page saw it, and the heads of that. `None` where the form says what this device does not know.
fn before(papers: &Papers, pep: &Pep, stamp: &str) -> Option<(View, BTreeMap<DocumentKind, Vec<ChangeHash>>)> {
    let mut wanted: Vec<ChangeHash> =
        stamp.split(' ').map(|word| word.parse().ok()).collect::<Option<Vec<ChangeHash>>>()?;
    let mut forks: BTreeMap<DocumentKind, Automerge> = BTreeMap::new();
    let mut heads = BTreeMap::new();
    for (kind, document) in papers.held() {
        let known = |hash: &ChangeHash| document.get_change_meta_by_hash(hash).is_some();
        let (mut theirs, others): (Vec<ChangeHash>, Vec<ChangeHash>) = wanted.into_iter().partition(known);
        wanted = others;
        theirs.sort();
        if theirs.is_empty() {
            // It has come to this device since.
            continue;
        }
        forks.insert(
            kind,
            if theirs == document.get_heads() { document.clone() } else { document.fork_at(&theirs).ok()? },
        );
        heads.insert(kind, theirs);
    }
    let documents = Documents::lent(|kind| forks.get(&kind))?;
    wanted.is_empty().then(|| (read(documents, pep, papers), heads))
}

fn unknown_stamp() -> Error {
    Error::new(
        Kind::Usage,
        "The page you had open shows changes that are not on this device any more. Nothing was saved.",
    )
    .hint("Copy what you typed, open the page again and enter it there.")
}

fn digest(pep: &Pep, role: Role, view: &View, name: Option<&String>) -> Digest {
    let mut gaps = BTreeMap::new();
    for gap in &view.gaps {
        *gaps.entry(gap.owner).or_default() += 1;
    }
    let writes = |id: &str| plan::bank().question(id).is_some_and(|q| pep.process().writers_of(q).contains(&role));
    Digest {
        pep: pep.clone(),
        role,
        name: called(view, name),
        gaps,
        choices: plan::conflicts(view, pep).iter().filter(|dispute| writes(dispute.question)).count(),
        state: view.state,
        signed_off: view.signed_off(),
        next_date: view.next_date.map(|next| (next.date, next.provisional)),
        meeting: match view.answers.get("meeting.date") {
            Some(plan::Answer::Value(Value::Date(day))) => Some(*day),
            _ => None,
        },
        held: says(view, "meeting.held", &Value::YesNo(true)),
        on_paper: says(view, "meeting.kind", &Value::Choice("desk_review".to_owned())),
        due: view.dues.iter().filter(|due| !due.done).find_map(|due| due.by.ok()),
        statements: check::statements(view).collect(),
        here: Vec::new(),
    }
}

fn says(view: &View, question: &str, value: &Value) -> bool {
    matches!(view.answers.get(question), Some(plan::Answer::Value(said)) if said == value)
}

/// What the child is called: what they like to be called, where that is known.
fn called(view: &View, name: Option<&String>) -> String {
    let liked = match view.answers.get("child.preferredName") {
        Some(plan::Answer::Text { text }) => Some(text.as_str()),
        Some(plan::Answer::Value(Value::Text(text))) => Some(text.as_str()),
        _ => None,
    };
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    liked.map(one_line).filter(|text| !text.is_empty()).unwrap_or_else(|| name_of(name))
}

fn name_of(name: Option<&String>) -> String {
    name.cloned().unwrap_or_else(|| "A child".to_owned())
}

fn names(device: &Device) -> Result<BTreeMap<Uuid, String>, Trouble> {
    Ok(device.children()?.into_iter().map(|child| (Uuid::from_bytes(child.id), child.name)).collect())
}

fn version(device: &mut Device, pep: &Pep, role: Role) -> Result<Version, Trouble> {
    let mut last = [0; DocumentKind::ALL.len()];
    for (slot, kind) in last.iter_mut().zip(DocumentKind::ALL) {
        let doc = *pep.document(*kind).as_bytes();
        // One more than its last number: a document that is no longer for this person is another state than an empty one.
        if device.holds(pep, *kind, role) {
            *slot = device.replica().last(&doc)? + 1;
        }
    }
    Ok((role, device.roster().version, last))
}

fn council(home: &Path) -> Council {
    // A file that cannot be read is as good as none: the pages come in neutral colours.
    let text = std::fs::read_to_string(home.join(SETTINGS)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
