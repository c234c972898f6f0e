//! One turn with the device: makes the models that a page shows, and does what a form asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use participant::{
    Device, Error, Hash, Kind, Mine, Now, Sentence, Trouble, act, check, conflicts, decisions,
    device::{Draft, DraftPlace, PlanDocuments, Present, Spot, Typed, Waiting},
    directory,
    duties::{self, OfChild},
    filed,
    lists::{self, Listed},
    meeting, mine,
    move_version::{self, Move},
    news, pieces, quality,
    settings::{ChildMode, NotThePin, Pin, Settings},
    sign, start, summary, take_over,
    tasks::{self, ToDo},
    words,
};
use plan::{
    AcademicYear, Applied, Automerge, ChangeHash, Dispute, DocumentKind, Documents, Edit, Entry, MeetingView, Offer,
    Pep, ProcessRef, Refused, Role, View, Who, Writer,
};
use uuid::Uuid;

use crate::{
    assets,
    env::{Env, Intent},
    history, keeping,
    live::{Live, Told},
    model::{
        ChildLine, Digest, EarlierAnswer, Findings, Gathering, Given, History, HistoryFilter, Plan, Sharing, Site,
        newest_first, pep_href,
    },
    page::filing::Wanted,
    presence,
    request::{Pairs, Signature},
};

/// One request's or one tab event's turn with the device.
pub struct Turn<'a> {
    /// The device.
    pub device: &'a mut Device,
    /// The moment and the host.
    pub env: &'a Env<'a>,
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
    /// The plan has changed since its model was made.
    Moved,
    /// The plan does not take them.
    Refused(Refused),
    /// The device cannot.
    Failed(Error),
}

/// What a PIN that was entered comes to.
pub enum Tried {
    /// It is the PIN.
    Right,
    /// It is not taken.
    Wrong(NotThePin),
    /// The host finds out.
    Ask(Intent),
}

impl<'a> Turn<'a> {
    /// For one turn.
    pub fn new(device: &'a mut Device, env: &'a Env<'a>) -> Turn<'a> {
        device.it_is(env.now.unix());
        Turn { device, env }
    }

    fn now(&self) -> &'a Now {
        &self.env.now
    }

    fn mine(plan: &Plan) -> Mine {
        Mine { pep: plan.pep.clone(), role: plan.role }
    }

    /// What surrounds every page.
    pub fn site(&mut self) -> Result<Site, Error> {
        let me = mine::me(self.device, self.now())?;
        let council = &self.env.council;
        let organisation = self.device.roster().organisation().to_owned();
        let named = [council.name.clone(), Some(organisation), Some(me.relay.name)].into_iter().flatten();
        let colour = council.colour.clone();
        let colour = colour.filter(|colour| assets::is_colour(colour) && assets::carries_white(colour));
        Ok(Site {
            base: self.env.base.clone(),
            council: named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty()).unwrap_or_default(),
            colour: colour.unwrap_or_else(|| assets::NEUTRAL.to_owned()).to_lowercase(),
            name: me.name,
            line: self.device.line().clone(),
            last_sync: self.device.last_sync(),
            waiting: self.device.answers_waiting()?,
            drafts: self.device.count_drafts()?,
            undecided: self.device.undecided()?,
            newer: self.device.newer_in_words(),
            pass: self.env.pass.clone(),
            settings: Settings::of(self.device)?,
            guarded: self.env.guarded,
            demo: council.demo,
            processes: self.device.processes().clone(),
            now: *self.now(),
            today: self.now().day(),
        })
    }

    /// How the pages behave on this device.
    pub fn settings(&mut self) -> Result<Settings, Error> {
        Ok(Settings::of(self.device)?)
    }

    /// To which child's plan this device was given; `None` where it is with its owner.
    pub fn child_mode(&mut self) -> Result<Option<ChildMode>, Error> {
        Ok(ChildMode::of(self.device)?)
    }

    /// Gives this device to a child, or takes it back. On the disk when this returns.
    pub fn hand(&mut self, child_mode: Option<ChildMode>) -> Result<(), Error> {
        Ok(ChildMode::keep(self.device, child_mode)?)
    }

    /// The plan that is in the hands of its child. `None` where this device does not hold it.
    pub fn given(&mut self, child_mode: ChildMode, refused: Option<Refused>) -> Result<Option<Given>, Error> {
        let owner = mine::me(self.device, self.now())?.name;
        let Some(plan) = self.plan(&child_mode.pep, None, refused)? else { return Ok(None) };
        let team = self.team(&plan);
        Ok(Some(Given { plan, team, owner }))
    }

    /// Who works with the child of a plan today.
    pub fn team(&self, plan: &Plan) -> Vec<Who> {
        mine::team(self.device, &plan.pep.child, &self.env.now)
    }

    /// Chooses who sees the child's private words. On the disk when this returns.
    pub fn choose_readers(&mut self, plan: &Plan, roles: Vec<Role>) -> Result<(), NotWritten> {
        let chosen = self.device.choose_private_readers(&plan.pep, plan.role, &roles);
        let failed = |words: String| NotWritten::Failed(Error::new(Kind::NotPermitted, words));
        chosen.map_err(|trouble| NotWritten::Failed(trouble.into()))?.map(drop).map_err(|no| failed(no.to_string()))
    }

    /// The move of a plan to the newest version of its process; `None` where it follows that.
    pub fn ahead(&self, plan: &Plan) -> Result<Option<Move>, Error> {
        move_version::ahead(self.device, &plan.pep, None)
    }

    /// Moves a plan to a newer version of its process. On the disk when this returns.
    pub fn move_version(&mut self, plan: &Plan, version: u32) -> Result<(), NotWritten> {
        let mine = Mine { pep: plan.pep.clone(), role: plan.role };
        let now = *self.now();
        move_version::move_version(self.device, &mine, version, &now).map(drop).map_err(NotWritten::Failed)
    }

    /// Whether this device has a PIN that takes it back from a child.
    pub fn has_pin(&mut self) -> Result<bool, Error> {
        Ok(Pin::is_set(self.device)?)
    }

    /// Keeps how the pages behave. On the disk when this returns.
    pub fn keep_settings(&mut self, settings: Settings) -> Result<(), Error> {
        Ok(settings.keep(self.device)?)
    }

    /// Whether this is the PIN, or why it is not taken. Every try counts, before anybody knows whether it is right; whether it is,
    /// the host finds out.
    pub fn try_pin(&mut self, digits: &str) -> Result<Tried, Error> {
        match self.env.found.pin {
            Some(true) => {
                match &self.env.found.renewed {
                    Some(pin) => pin.renew(self.device)?,
                    None => Pin::was_right(self.device)?,
                }
                Ok(Tried::Right)
            }
            Some(false) => Ok(Tried::Wrong(Pin::was_wrong(self.device)?)),
            None => Ok(match Pin::count_try(self.device, self.now().unix())? {
                Ok(pin) => Tried::Ask(Intent::CheckPin(pin, digits.to_owned())),
                Err(not) => Tried::Wrong(not),
            }),
        }
    }

    /// Makes a PIN this device's. On the disk when this returns.
    pub fn keep_pin(&mut self, pin: &Pin) -> Result<(), Error> {
        Ok(pin.keep(self.device)?)
    }

    /// Says where a tab's person is, to the others; after how many milliseconds to say it again.
    pub fn stand(&mut self, tab: u64, spot: Option<Spot>, now_ms: u64) -> Option<u64> {
        self.device.stand(tab, spot, now_ms).ok().flatten()
    }

    /// Who else has a plan on their screen.
    pub fn present(&self, pep: &Uuid) -> Vec<Present> {
        self.device.pep(pep).map(|pep| self.device.present(pep, self.env.now.ms)).unwrap_or_default()
    }

    fn digests_of(&self, lines: Vec<Listed>) -> Result<Vec<Digest>, Error> {
        let (device, now_ms) = (&*self.device, self.env.now.ms);
        let names = names(device)?;
        let digest = |line: Listed| {
            let name = line.called.clone().unwrap_or_else(|| name_of(names.get(&line.pep.child)));
            let here = device.present(&line.pep, now_ms).into_iter().filter(|present| !present.myself);
            let here = here.map(|present| present.who.name).collect();
            Digest { name, here, line }
        };
        Ok(lines.into_iter().map(digest).collect())
    }

    /// What others did in a plan since this person was here.
    pub fn news(&mut self, plan: &Plan) -> Result<Vec<Entry>, Error> {
        news::of(self.device, &Self::mine(plan), None)
    }

    /// This person has seen all of it. On the disk when this returns.
    pub fn saw(&mut self, plan: &Plan) -> Result<(), Error> {
        news::seen(self.device, &Self::mine(plan))
    }

    /// What waits for this person, the most urgent first.
    pub fn waiting(&self, children: &[ChildLine]) -> Result<Vec<ToDo>, Error> {
        let lines = children.iter().flat_map(|child| child.plans.iter().map(|plan| &plan.line));
        let due = children.iter().filter_map(|child| child.due.as_deref());
        tasks::among(self.device, lines, due, &self.env.now)
    }

    /// All children of this person's teams, with their plans.
    pub fn children(&mut self) -> Result<Vec<ChildLine>, Error> {
        let mut plans: BTreeMap<Uuid, Vec<Digest>> = BTreeMap::new();
        let (lines, children) = lists::plans_and_children(self.device, &self.env.now)?;
        let due: BTreeMap<Uuid, Arc<OfChild>> = children.into_iter().map(|of| (of.id(), of)).collect();
        for digest in self.digests_of(lines)? {
            plans.entry(digest.pep.child).or_default().push(digest);
        }
        let names = names(self.device)?;
        let line = |(child, name): (Uuid, String)| {
            let mut plans = plans.remove(&child).unwrap_or_default();
            newest_first(&mut plans);
            let name = plans.first().map_or(name, |plan| plan.name.clone());
            ChildLine { child, name, plans, due: due.get(&child).cloned() }
        };
        Ok(names.into_iter().map(line).collect())
    }

    /// One child of this person's teams, with their plans. `None` where this device knows no such child.
    pub fn child(&mut self, id: &Uuid) -> Result<Option<ChildLine>, Error> {
        let found = self.children()?.into_iter().find(|line| line.child == *id);
        if found.is_some() {
            mine::role_for(self.device, id, self.now())?;
        }
        Ok(found)
    }

    /// What speaks against starting a PEP: said, and never a bar. Of one that exists nothing does.
    pub fn doubts(&mut self, pep: &Pep) -> Result<Vec<String>, Error> {
        match start::known(self.device, pep)? {
            Some(_) => Ok(Vec::new()),
            None => start::doubts(self.device, pep, self.now()),
        }
    }

    /// What the relay is to be asked for, to put right how a plan is filed.
    pub fn puts_right(&self, plan: &Plan, wanted: Wanted) -> Result<Sentence, Error> {
        let (pep, now) = (plan.pep.id().to_string(), self.now());
        match wanted {
            Wanted::Amend(kind, why) => {
                act::amend(self.device, &pep, kind, Some(why).filter(|why| !why.is_empty()), now)
            }
            Wanted::Withdraw(why) => act::withdraw(self.device, &pep, &why, now),
            Wanted::Back => act::bring_back(self.device, &pep, None, now),
        }
    }

    /// The same, to join two entries of one child, or to take them apart.
    pub fn joins(&self, (child, into): (Uuid, Uuid), apart: bool, why: &str) -> Result<Sentence, Error> {
        act::join_children(self.device, (&child.to_string(), &into.to_string()), apart, why, self.now())
    }

    /// The other children of this person's teams, and the entries that were joined to this one.
    pub fn entries(&self, child: &Uuid) -> (Vec<filed::Entry>, Vec<filed::Entry>) {
        filed::entries(self.device, child)
    }

    /// Whether this person is of the Virtual School.
    pub fn is_virtual_school(&self) -> bool {
        let role = self.device.me().and_then(|me| me.role.parse::<Role>().ok());
        role.is_some_and(Role::is_virtual_school)
    }

    /// Starts a PEP or finds the one that exists, and brings what this person answers for from the last; where it is.
    pub fn start(&mut self, pep: Pep, blank: bool) -> Result<String, Error> {
        let started = start::start(self.device, pep, blank, self.now())?;
        let brought = started.came.map_or(String::new(), |came| {
            format!(
                "&copied={}&confirm={}&reviews={}&actions={}",
                came.copied, came.to_confirm, came.reviews, came.actions
            )
        });
        let how = if started.created { "new" } else { "known" };
        let filled = match started.filled_in.len() {
            0 => String::new(),
            n => format!("&filled={n}"),
        };
        Ok(pep_href(&self.env.base, &started.mine.pep.id(), &format!("?started={how}{brought}{filled}")))
    }

    /// One plan; `stamp` is what a form says it was made from. `None` where this device does not hold it.
    pub fn plan(&mut self, id: &Uuid, stamp: Option<&str>, refused: Option<Refused>) -> Result<Option<Plan>, Error> {
        let (now, device) = (self.now(), &mut *self.device);
        let person = Uuid::from_bytes(mine::me(device, now)?.person);
        let Some(pep) = device.pep(id).cloned() else { return Ok(None) };
        let role = mine::role_for(device, &pep.began_for(), now)?;
        let mine = match device.seen_whole(&pep, now.ms)? {
            Some(seen) => Some((device.waits(&pep)?.answers.len(), seen)),
            None => None,
        };
        let present = device.present(&pep, now.ms);
        let (private_readers, private_wait) = (device.private_readers(&pep), device.private_readers_wait(&pep));
        let Some(view) = device.view_if_here(&pep, role)? else { return Ok(None) };
        let names = names(device)?;
        let mut heads: BTreeMap<DocumentKind, Vec<ChangeHash>> = BTreeMap::new();
        for kind in DocumentKind::ALL.iter().copied() {
            if !device.holds(&pep, kind, role) {
                continue;
            }
            match device.read(pep.document(kind).as_bytes(), |document| document.get_heads()) {
                Ok(here) => drop(heads.insert(kind, here)),
                // Announced, and not here yet.
                Err(Trouble::Unknown) => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
        // Only a form asks what its page saw.
        let seen = match stamp {
            Some(stamp) => match before(&device.plan_documents(&pep, role)?, &pep, stamp) {
                None => return Err(unknown_stamp()),
                Some((_, seen)) if seen == heads => None,
                seen => seen,
            },
            None => None,
        };
        let name = called(&view, names.get(&pep.child));
        let later = |other: &Pep| other.child == pep.child && (other.year, other.term) > (pep.year, pep.term);
        let superseded = device.peps().any(later);
        let of_child = if superseded { None } else { duties::of_child(device, &pep.child, now)? };
        let newer = device.versions_after(&pep).last().map(|to| to.process().version);
        let fresh = (self.env.fresh)();
        let has_aside = device.put_aside(&pep.id()).is_some();
        let put_right = filed::put_right(device, &pep);
        let (delegated, deputies) = (device.delegated(&pep), act::deputies(device, &pep, now));
        let directory = directory::facts(device, &pep.child, now)?;
        Ok(Some(Plan {
            base: self.env.base.clone(),
            newer,
            of_child,
            pep,
            role,
            person,
            delegated,
            deputies,
            has_aside,
            put_right,
            name,
            directory,
            view,
            heads,
            seen,
            present,
            mine,
            private_readers,
            private_wait,
            refused,
            fresh,
            now: *now,
            today: now.day(),
        }))
    }

    /// Fills in what the directory knows and this person answers for, as they open a plan; nothing where it is not theirs or not here.
    pub fn fill_in(&mut self, id: &Uuid) -> Result<(), Error> {
        let now = self.now();
        let Some(pep) = self.device.pep(id).cloned() else { return Ok(()) };
        let role = mine::role_for(self.device, &pep.child, now)?;
        directory::fill_in(self.device, &Mine { pep, role }, now).map(drop)
    }

    /// What the checks find in a plan.
    pub fn findings(&mut self, plan: &Plan) -> Result<Findings, Error> {
        check::findings_in(self.device, &Self::mine(plan), &plan.view, self.now())
    }

    /// The processes that are offered for a PEP of a child this school year, the usual one first.
    pub fn offered(&self, child: &Uuid) -> Result<Vec<ProcessRef>, Error> {
        let year = AcademicYear::of(self.now().day());
        let child = self.device.child(child)?;
        Ok(child.map(|child| start::offered(self.device, &child, year, self.now())).unwrap_or_default())
    }

    /// The one of that id, where it is offered for that year, or for this one.
    pub fn process(&self, child: &Uuid, year: Option<AcademicYear>, id: &str) -> Option<ProcessRef> {
        let child = self.device.child(child).ok()??;
        let year = year.unwrap_or_else(|| AcademicYear::of(self.now().day()));
        start::process(self.device, &child, year, Some(id), self.now()).ok()
    }

    /// The copy of a plan that was put aside last.
    pub fn aside(&mut self, plan: &Plan) -> Result<Option<(Pep, View)>, Error> {
        take_over::aside(self.device, &Self::mine(plan))
    }

    /// What this person's signature waits for; `None` for roles that sign nothing.
    pub fn offer(&mut self, plan: &Plan) -> Result<Option<Offer>, Error> {
        sign::offer_in(self.device, &Self::mine(plan), &plan.view, self.now())
    }

    /// Whether the process checks this plan, by the plans that this device holds.
    pub fn sampled(&mut self, plan: &Plan) -> Result<bool, Error> {
        quality::is_sampled(self.device, &Self::mine(plan), self.now())
    }

    /// The meeting, in the light of who works with the child and of the last PEP.
    pub fn meeting(&mut self, plan: &Plan) -> Result<MeetingView, Error> {
        let team = self.team(plan);
        meeting::meeting(self.device, &Self::mine(plan), &plan.view, &team, self.now())
    }

    /// What the meeting is run from.
    pub fn gathering(&mut self, plan: &Plan) -> Result<Gathering, Error> {
        let mut team = self.team(plan);
        if !team.iter().any(|who| who.person == plan.person) {
            // Whoever added the child here a moment ago is on no list of the relay yet.
            let name = mine::me(self.device, self.now())?.name;
            team.push(Who { person: plan.person, name, role: plan.role, until: None });
        }
        let meeting = meeting::meeting(self.device, &Self::mine(plan), &plan.view, &team, self.now())?;
        Ok(Gathering { meeting, team, offer: self.offer(plan)?, now: self.now().local() })
    }

    /// The meeting for a calendar, or what it lacks.
    pub fn calendar(&mut self, plan: &Plan) -> Result<String, Error> {
        meeting::calendar_file(self.device, &Self::mine(plan), self.now())
    }

    /// Every place where people entered different things apart, and every text that two people rewrote apart.
    pub fn disputes(&mut self, plan: &Plan) -> Result<Vec<Dispute>, Error> {
        conflicts::disputes(self.device, &Self::mine(plan))
    }

    /// What happened in a plan, newest first: a page of it, and what leads to the rest.
    pub fn history(&mut self, plan: &Plan, looked: &HistoryFilter) -> Result<History, Error> {
        let copies = self.plan_documents(plan)?;
        Ok(history::history(&copies, plan, looked))
    }

    /// An answer as it was after a change. `word` stands for its place. `None` where no such thing is in the history.
    pub fn was(
        &mut self,
        plan: &Plan,
        question: &str,
        change: &str,
        word: &str,
    ) -> Result<Option<EarlierAnswer>, Error> {
        let copies = self.plan_documents(plan)?;
        Ok(history::was(&copies, plan, question, change, word))
    }

    /// The plan as it was at a change, without annexes. `None` where the change is not in it.
    pub fn version(&mut self, plan: &Plan, change: ChangeHash) -> Result<Option<View>, Error> {
        let copies = self.plan_documents(plan)?;
        let then = copies.documents().and_then(|documents| documents.main.fork_at(&[change]).ok());
        Ok(then.map(|then| read(Documents::main(&then), &plan.pep, &copies)))
    }

    /// How far sharing has come.
    pub fn sharing(&mut self) -> Result<Sharing, Error> {
        let me = mine::me(self.device, self.now())?;
        let device = &mut *self.device;
        let names = names(device)?;
        let mut waiting = Vec::new();
        for pep in device.plans_waiting()? {
            let title = format!("{}, {}", name_of(names.get(&pep.child)), words::sitting(&pep));
            waiting.push((title, device.waits(&pep)?));
        }
        let mut drafts = Vec::new();
        for draft in device.drafts()? {
            // What is of no plan is of this device.
            if draft.place.pep.is_nil() {
                drafts.push(("On this device".to_owned(), draft));
                continue;
            }
            let title = device
                .pep(&draft.place.pep)
                .map(|pep| format!("{}, {}", name_of(names.get(&pep.child)), words::sitting(pep)));
            drafts.push((title.unwrap_or_else(|| "A plan that is not on this device any more".to_owned()), draft));
        }
        Ok(Sharing {
            drafts,
            relay: (me.relay.name, me.relay.url),
            waiting,
            held: device.refused(),
            decides: decisions::decides(device, &self.env.now)?,
            left: device.roster().left().len(),
            failed: self.env.failed.clone(),
            offline: self.env.offline,
        })
    }

    /// Refused changes that wait for this person's decision, each with what the child is called; `None` where the host has not asked
    /// the relay for them yet.
    pub fn undecided(&mut self) -> Result<Option<Vec<(String, Waiting)>>, Error> {
        if !decisions::decides(self.device, self.now())? {
            return Ok(Some(Vec::new()));
        }
        let list = match &self.env.found.held {
            None => return Ok(None),
            Some(list) => list.clone()?,
        };
        let waiting = self.device.waiting_for_me(list)?;
        let names = names(self.device)?;
        let named = |one: Waiting| (name_of(one.pep.as_ref().and_then(|pep| names.get(&pep.child))), one);
        Ok(Some(waiting.into_iter().map(named).collect()))
    }

    /// Writes what a form asks for, if the plan is still as its model says. On the disk when this returns.
    pub fn write(&mut self, plan: &Plan, lots: Vec<(DocumentKind, Vec<Edit>)>) -> Result<(), NotWritten> {
        let device = &mut *self.device;
        if moved(device, &plan.pep, &plan.heads).map_err(failed)? {
            return Err(NotWritten::Moved);
        }
        for (kind, edits) in lots {
            let done = device.edit(&plan.pep, kind, plan.role, &edits, self.env.now.unix());
            let _: Applied = done.map_err(failed)?.map_err(NotWritten::Refused)?;
        }
        Ok(())
    }

    /// The text at a question or field as this person would go on writing it, and how much of what a tab typed there is in it:
    /// the number of an edit, 0 for none.
    pub fn text(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        tab: Uuid,
        field: &str,
    ) -> Result<(String, u64), NotWritten> {
        let typed = self.device.typed(&tab, field).map_err(failed)?;
        let text = text(self.device, pep, kind, role, field).map_err(failed)?.map_err(NotWritten::Refused)?;
        Ok((text, typed))
    }

    /// How far changes at questions or fields of a plan have come: empty while one is saved on this device alone.
    pub fn how_far(&mut self, pep: &Uuid, changes: Vec<(DocumentKind, String, ChangeHash)>) -> Vec<String> {
        let (now_ms, device) = (self.now().ms, &mut *self.device);
        let Some(pep) = device.pep(pep).cloned() else { return Vec::new() };
        let far = changes.into_iter().map(|(kind, field, change)| {
            let doc = *pep.document(kind).as_bytes();
            if !device.is_shared(&doc, &change.0)? {
                return Ok(String::new());
            }
            let seen = device.seen_by(&pep, &doc, &change.0, now_ms)?.into_iter();
            let near = seen.filter(|one| {
                !one.myself && one.field.as_deref().is_some_and(|at| presence::is_near(&pep, at, &field))
            });
            let names: Vec<String> = near.map(|present| present.who.name).collect();
            Ok(if names.is_empty() {
                "Shared".to_owned()
            } else {
                format!("Shared. Seen by {}", presence::named(&names))
            })
        });
        far.collect::<Result<Vec<String>, Trouble>>().unwrap_or_default()
    }

    /// What was entered on a page of a plan and is not saved: the form of it, as its page would send it.
    pub fn drafts(&mut self, pep: &Uuid, page: &str) -> Result<Pairs, Error> {
        let drafts = self.device.drafts_of_page(pep, page)?;
        let said: Vec<&str> = drafts.iter().map(|draft| draft.said.as_str()).collect();
        Ok(Pairs::read(said.join("&").as_bytes()))
    }

    /// Keeps what was entered at a place and is not saved; nothing forgets it. False where it is too long. On the disk when this
    /// returns.
    pub fn keep_draft(&mut self, place: &DraftPlace, said: String) -> Result<bool, Error> {
        if said.is_empty() {
            return self.forget_draft(place).map(|()| true);
        }
        let draft = Draft { place: place.clone(), said, at: self.now().unix() };
        Ok(self.device.keep_draft(&draft)?)
    }

    /// Forgets the draft that a word of a form stands for. On the disk when this returns.
    pub fn discard(&mut self, word: &str) -> Result<(), Error> {
        let found = self.device.drafts()?.into_iter().find(|draft| keeping::word(&draft.place) == word);
        found.map_or(Ok(()), |draft| self.forget_draft(&draft.place))
    }

    /// Forgets what was entered at a place. On the disk when this returns.
    pub fn forget_draft(&mut self, place: &DraftPlace) -> Result<(), Error> {
        Ok(self.device.forget_draft(place)?)
    }

    /// The heads of documents of a plan.
    pub fn heads(&mut self, pep: &Uuid, kinds: BTreeSet<DocumentKind>) -> BTreeMap<DocumentKind, Vec<Hash>> {
        let Some(pep) = self.device.pep(pep).cloned() else { return BTreeMap::new() };
        let of = |kind: DocumentKind| Some((kind, self.device.heads(pep.document(kind).as_bytes()).ok()?));
        kinds.into_iter().filter_map(of).collect()
    }

    /// Forgets what tabs of long ago typed.
    pub fn forget_typed(&mut self) {
        // What cannot be forgotten now is forgotten another time.
        let _ = self.device.forget_typed();
    }

    /// Writes what was typed in a box, and takes in what others wrote there. On the disk when this returns.
    pub fn settle(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        tab: Uuid,
        question: &str,
        mut live: Live,
    ) -> Result<Settled, NotWritten> {
        let now = text(self.device, pep, kind, role, question).map_err(failed)?.map_err(NotWritten::Refused)?;
        let Some(writing) = live.settle(&now) else {
            return Ok(Settled { live, told: Vec::new(), change: None });
        };
        // Nobody else writes while this turn has the documents.
        let edits = pieces::typed(question, &now, &writing.pieces);
        let typed = Typed { tab, field: question.to_owned(), n: writing.n };
        let change = match edits.is_empty() {
            true => None,
            false => {
                let done = self.device.type_in(pep, kind, role, edits, &typed, self.env.now.unix());
                done.map_err(failed)?.map_err(NotWritten::Refused)?
            }
        };
        let told = live.written(writing);
        Ok(Settled { live, told, change })
    }

    /// Signs, if the plan is still as its model says. On the disk when this returns.
    pub fn sign(&mut self, plan: &Plan, signature: Signature) -> Result<(), NotWritten> {
        let device = &mut *self.device;
        if moved(device, &plan.pep, &plan.heads).map_err(failed)? {
            return Err(NotWritten::Moved);
        }
        let Signature { key, on, comment } = signature;
        let signing = sign::Signing { key, on, comment: &comment };
        match sign::sign(self.device, &Self::mine(plan), signing, self.now()).map_err(NotWritten::Failed)? {
            sign::Signed::Done { .. } => Ok(()),
            // The form was checked against what is offered in this turn; whoever asks again is shown what it waits for.
            sign::Signed::NotOffered(_) => Err(NotWritten::Moved),
        }
    }

    fn plan_documents(&mut self, plan: &Plan) -> Result<PlanDocuments, Error> {
        Ok(self.device.plan_documents(&plan.pep, plan.role)?)
    }
}

fn failed(trouble: Trouble) -> NotWritten {
    NotWritten::Failed(trouble.into())
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
    device.read(&doc, |document| plan::text_at(document, question, &Writer::new(person, role)))
}

/// Whether a document of the plan is no longer at these heads.
fn moved(device: &mut Device, pep: &Pep, then: &BTreeMap<DocumentKind, Vec<ChangeHash>>) -> Result<bool, Trouble> {
    for (kind, heads) in then {
        let doc = *pep.document(*kind).as_bytes();
        if device.read(&doc, |document| document.get_heads() != *heads)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn read(documents: Documents<'_>, pep: &Pep, copies: &PlanDocuments) -> View {
    plan::read(documents, pep, &|actor| copies.author(actor))
}

/// The plan as a form's page saw it, and the heads of that. `None` where the form says what this device does not know.
fn before(copies: &PlanDocuments, pep: &Pep, stamp: &str) -> Option<(View, BTreeMap<DocumentKind, Vec<ChangeHash>>)> {
    let mut wanted: Vec<ChangeHash> =
        stamp.split(' ').map(|word| word.parse().ok()).collect::<Option<Vec<ChangeHash>>>()?;
    let mut forks: BTreeMap<DocumentKind, Automerge> = BTreeMap::new();
    let mut heads = BTreeMap::new();
    for (kind, document) in copies.held() {
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
    wanted.is_empty().then(|| (read(documents, pep, copies), heads))
}

fn unknown_stamp() -> Error {
    Error::new(
        Kind::Usage,
        "The page you had open shows changes that are not on this device any more. Nothing was saved.",
    )
    .hint("Copy what you typed, open the page again and enter it there.")
}

/// What the child is called: what they like to be called, where that is known.
fn called(view: &View, name: Option<&String>) -> String {
    summary::called(view).unwrap_or_else(|| name_of(name))
}

fn name_of(name: Option<&String>) -> String {
    name.cloned().unwrap_or_else(|| "A child".to_owned())
}

fn names(device: &Device) -> Result<BTreeMap<Uuid, String>, Trouble> {
    Ok(device.children()?.into_iter().map(|child| (Uuid::from_bytes(child.id), child.name)).collect())
}
