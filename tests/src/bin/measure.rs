//! What `pep` costs on one device: whole commands, 200 plans, a plan's size after a term's typing, and whether anything that
//! was acknowledged is lost when programs are killed. `tests/BENCHMARKS.md` says how to read it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use client_cli::{app::App, clock, dial, unlock};
use disk::{Claim, claim};
use futures_util::future::try_join_all;
use harness::children::{KeptPlan, kept_plans};
use harness::load::{
    Participant,
    process::{Finished, Relay, Spread, beside, end, memory, output, text, timed},
    spring_review,
};
use plan::{Cells, DocumentKind, Edit, Role, Value as Answer, Writer, parse_value, row_key};
use replica::Trouble;
use serde_json::{Value, json};
use sync::{frame::NewChild, link::Link};
use tempfile::TempDir;
use uuid::Uuid;

const CHILD: &str = "Idris Fennimoor (FICTIONAL)";
const TEAM: &str = "Harrowmere";
/// What people write, over and over: 83 characters.
const WORDS: &str = "Maths and food go well; English is too much writing, and the taxi takes too long. ";
const MORE_WORDS: &str = "he she they we with after before school home term target reading paragraph evidence confident \
    settled worried cooks climbing kitchen mentor tutor lesson friday spring autumn better slowly quietly often never \
    always because although meanwhile carer brother sister teacher meeting agreed review support laptop bus friends";
/// The file by which a running program is found.
const DOOR: &str = "door";
/// Characters of one change, where typing is gathered.
const GATHERED: usize = 20;
/// Choices and rows that a term brings beside the text: half each.
const CHOICES_AND_ROWS: usize = 40;
/// Changes that each of many plans holds.
const CHANGES: usize = 12;
/// How long a program may take to come in step.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often a program is asked how far it is.
const ASK: Duration = Duration::from_millis(100);
/// Of how many plans the pages, and of how many children the directory is measured.
const PAGES_OF: [usize; 3] = [1, 100, 1_650];
/// People to children of a council: 3,000 to 1,650.
const PEOPLE_OF: (usize, usize) = (20, 11);
/// About how long a command lives, in milliseconds: kills come within a few of these, so that they meet every moment of one.
const LIFE_MS: u64 = 60;

/// Measures pep on this machine; without a choice, everything but the kills
#[derive(Parser)]
struct Args {
    /// The pep to run [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    pep: Option<PathBuf>,
    /// The pep-relay to run [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    pep_relay: Option<PathBuf>,
    /// Only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Times that each command is run, after one that does not count
    #[arg(long, default_value_t = 30)]
    runs: usize,
    /// Plans in the store of many plans
    #[arg(long, default_value_t = 200)]
    plans: usize,
    /// Plans of sample children whose state is worked out
    #[arg(long, default_value_t = 1_650)]
    states: usize,
    /// Characters of a term's typing, by four people together
    #[arg(long, default_value_t = 20_000)]
    text: usize,
    /// Changes of the plan that the gate is measured on
    #[arg(long, default_value_t = 4_000)]
    changes: usize,
    /// Rounds of killing pep and its relay
    #[arg(long, default_value_t = 0)]
    kill_rounds: usize,
    /// Where folders are made [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// pep set, write and show as whole processes
    Commands,
    /// A store of many plans: opening it, and memory
    Store,
    /// What the pages cost with one plan, 100 and 1,650
    Pages,
    /// The size of one plan after a term's typing
    Term,
    /// The full state of many plans of sample children, in one process
    States,
    /// First changes, moves to a newer version and the gate's tables, as everybody works them out
    Beginnings,
    /// The gate, a signature, sealing, and unlocking with a passphrase
    Guard,
    /// The directory of a council with one child, 100 and 1,650: a fresh device, and one change
    Directory,
    /// SIGKILL rounds (--kill-rounds says how many)
    Kill,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(report) if args.json => println!("{report}"),
        Ok(report) => print!("{}", words(&report, "")),
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(args: &Args) -> Result<Value, String> {
    let folder = match &args.folder {
        Some(folder) => TempDir::with_prefix_in("measure-", folder),
        None => TempDir::with_prefix("measure-"),
    };
    let folder = folder.map_err(|e| format!("A folder to measure in cannot be made ({e})."))?;
    let relay_program = args.pep_relay.clone().unwrap_or_else(|| beside("pep-relay"));
    let mut place = Place {
        relay: Relay::serve(&relay_program, &folder.path().join("relay"), "127.0.0.1:0")?,
        pep: args.pep.clone().unwrap_or_else(|| beside("pep")),
        folder: folder.path().to_path_buf(),
    };
    let wanted = |part: Part| {
        if args.only.is_empty() { part != Part::Kill || args.kill_rounds > 0 } else { args.only.contains(&part) }
    };
    let mut report = serde_json::Map::new();
    if wanted(Part::Commands) {
        eprintln!("commands");
        report.insert("commands".into(), commands(&place, args.runs)?);
    }
    if wanted(Part::Store) {
        eprintln!("a store of {} plans", args.plans);
        report.insert("store".into(), store(&place, args.plans, args.runs)?);
    }
    if wanted(Part::Pages) {
        for plans in PAGES_OF {
            eprintln!("the pages of {plans} plans");
            report.insert(format!("pagesOf{plans}"), pages(&place, plans, args.runs)?);
        }
    }
    if wanted(Part::Term) {
        for (name, at_once) in [("termGathered", GATHERED), ("termLetterByLetter", 1)] {
            eprintln!("a term's typing, {at_once} characters to a change");
            report.insert(name.into(), term(&place, name, args.text, at_once)?);
        }
    }
    if wanted(Part::States) {
        eprintln!("the state of {} plans", args.states);
        report.insert("states".into(), states(args.states, args.runs)?);
    }
    if wanted(Part::Beginnings) {
        eprintln!("first changes and tables");
        report.insert("beginnings".into(), harness::beginnings::measure(args.runs)?);
    }
    if wanted(Part::Directory) {
        for children in PAGES_OF {
            eprintln!("the directory of {children} children");
            let people = children.saturating_mul(PEOPLE_OF.0) / PEOPLE_OF.1;
            report.insert(format!("directoryOf{children}"), harness::directory::measure(children, people)?);
        }
    }
    if wanted(Part::Guard) {
        eprintln!("guarding {} changes", args.changes);
        report.insert("guard".into(), harness::guard::gate(args.changes)?);
        report.insert("unlock".into(), unlocking(&place, args.runs)?);
    }
    if wanted(Part::Kill) {
        eprintln!("{} rounds of killing", args.kill_rounds);
        let kill = kill(&mut place, args.kill_rounds)?;
        let lost = kill["roundsSurvived"] != kill["of"];
        report.insert("kill".into(), kill);
        if lost {
            return Err(format!("Acknowledged changes were lost.\n{}", words(&report.into(), "")));
        }
    }
    Ok(report.into())
}

/// A relay, the program, and a folder for homes.
struct Place {
    relay: Relay,
    pep: PathBuf,
    folder: PathBuf,
}

impl Place {
    fn home(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn command(&self, home: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(&self.pep);
        command.arg("--home").arg(home).arg("--quiet").args(words);
        command
    }

    fn pep(&self, home: &Path, words: &[&str]) -> Result<String, String> {
        output(&mut self.command(home, words))
    }

    fn json(&self, home: &Path, words: &[&str]) -> Result<Value, String> {
        let said = output(self.command(home, words).arg("--json"))?;
        serde_json::from_str(&said).map_err(|e| format!("`{}` did not answer in JSON ({e}).", words.join(" ")))
    }

    /// A home that has joined, on the team of `child`.
    fn person(&self, home: &str, name: &str, role: &str, child: &str) -> Result<PathBuf, String> {
        let home = self.home(home);
        self.pep(&home, &["join", &self.relay.invite(name, TEAM, role, child)?])?;
        Ok(home)
    }

    fn start_pep(&self, home: &Path, child: &str) -> Result<String, String> {
        let words = ["new", child, "--term", "2025/26-spring", "--type", "review", "--process", "sections"];
        text(&self.json(home, &words)?, "pep")
    }
}

/// Whole processes on a plan with some text in it, with nobody else on the folder.
fn commands(place: &Place, runs: usize) -> Result<Value, String> {
    let child = place.relay.child(CHILD)?;
    let home = place.person("commands", "Odile Marrowfield", "social-worker", &child)?;
    let pep = place.start_pep(&home, &child)?;
    place.pep(&home, &["write", &pep, "care.story", &WORDS.repeat(24)])?;
    let each = |words: &dyn Fn(usize) -> Vec<String>| {
        spread((0..=runs).map(|n| {
            let words = words(n);
            timed(&mut place.command(&home, &words.iter().map(String::as_str).collect::<Vec<_>>()), false)
        }))
    };
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_string()).collect::<Vec<_>>();
    Ok(json!({
        "setMs": each(&|n| owned(&["set", &pep, "care.placementCount", &n.to_string()]))?,
        "writeAppendMs": each(&|n| owned(&["write", &pep, "meeting.notes", &format!("Word {n}."), "--append"]))?,
        "showMs": each(&|_| owned(&["show", &pep]))?,
        "whoamiMs": each(&|_| owned(&["whoami"]))?,
    }))
}

/// What the same command costs where a passphrase guards the plans and where none does, by turns.
fn unlocking(place: &Place, runs: usize) -> Result<Value, String> {
    let (file, passphrase) = (place.folder.join("passphrase"), "harbour violet kettle");
    fs::write(&file, passphrase).map_err(|e| e.to_string())?;
    let homes = [place.home("unguarded"), place.home("guarded")];
    for home in &homes {
        place.pep(
            home,
            &["join", &place.relay.invite("Odile Marrowfield", TEAM, "social-worker", &place.relay.child(CHILD)?)?],
        )?;
    }
    let file = file.to_str().ok_or("The folder's name is not text.")?;
    place.pep(&homes[1], &["passphrase", "set", "--new-passphrase-file", file])?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for n in 0..=runs {
        for (home, times) in homes.iter().zip([&mut without, &mut with]) {
            let mut command = place.command(home, &["whoami"]);
            let took = timed(command.env("PEP_PASSPHRASE", passphrase), false)?.took;
            if n > 0 {
                times.push(took.as_secs_f64() * 1_000.0);
            }
        }
    }
    let peak = timed(place.command(&homes[1], &["whoami"]).env("PEP_PASSPHRASE", passphrase), true)?.peak_kib;
    let (without, with) = (Spread::of(without), Spread::of(with));
    Ok(json!({
        "whoamiMs": without.json(), "guardedMs": with.json(), "ratio": with.median / without.median, "guardedPeakKiB": peak,
    }))
}

/// Milliseconds of all runs but the first.
fn spread(runs: impl Iterator<Item = Result<Finished, String>>) -> Result<Value, String> {
    let runs = runs.skip(1).map(|run| Ok(run?.took.as_secs_f64() * 1_000.0)).collect::<Result<Vec<_>, String>>()?;
    Ok(Spread::of(runs).json())
}

/// A store of many plans: how long it takes to open and list, what memory that takes, alone and while it keeps in step.
fn store(place: &Place, plans: usize, runs: usize) -> Result<Value, String> {
    let child = place.relay.child(CHILD)?;
    let home = place.home("store");
    let link = place.relay.invite("Odile Marrowfield", TEAM, "social-worker", &child)?;
    drop(fill(&home, &link, plans, Role::SocialWorker, CHANGES)?);
    let fresh = DiskUse::of(&home)?;
    let mut report = serde_json::Map::new();
    report.insert("plans".into(), plans.into());
    report.insert("diskKiB".into(), fresh.json());
    for words in [["whoami"], ["list"], ["status"]] {
        let times = spread((0..=runs).map(|_| timed(&mut place.command(&home, &words), false)))?;
        let peak = timed(&mut place.command(&home, &words), true)?.peak_kib;
        report.insert(words[0].into(), json!({ "ms": times, "peakKiB": peak }));
    }
    // The first sharing of all plans, then a start with nothing to share, then a list through its door.
    for name in ["watchWhileSharing", "watchInStep"] {
        // A killed program leaves its door; the next command must not take it for the new one's.
        let _ = fs::remove_file(home.join(DOOR));
        let started = Instant::now();
        let mut watch =
            Watch(place.command(&home, &["sync", "--watch"]).stdin(Stdio::null()).spawn().map_err(|e| e.to_string())?);
        in_step(place, &home, &mut watch)?;
        let took = started.elapsed().as_secs_f64();
        let pid = watch.0.id();
        let (peak, now) = (memory(pid, "VmHWM"), memory(pid, "VmRSS"));
        place.pep(&home, &["list"])?;
        let after_list = memory(pid, "VmHWM");
        report.insert(
            name.into(),
            json!({ "seconds": took, "peakKiB": peak, "residentKiB": now, "peakAfterListKiB": after_list }),
        );
    }
    Ok(report.into())
}

/// What the pages cost on the device of the Virtual School's officer who has begun so many plans; then what `pep list` takes through
/// the door of a program that has listed them once, which has the rest of its time to itself.
fn pages(place: &Place, plans: usize, runs: usize) -> Result<Value, String> {
    let child = place.relay.child(CHILD)?;
    let home = place.home(&format!("pages-{plans}"));
    let link = place.relay.invite("Lorcan Tidewell", TEAM, "virtual-school-officer", &child)?;
    let app = fill(&home, &link, plans, Role::VirtualSchoolOfficer, 0)?;
    let mut report = harness::pages::cost(&app, runs)?;
    drop(app);
    let mut open = place.command(&home, &["open", "--no-browser"]);
    let mut open = Watch(open.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(|e| e.to_string())?);
    // So many plans take their time to be shared, and are listed meanwhile.
    let started = Instant::now();
    while !home.join(DOOR).exists() || place.pep(&home, &["list"]).is_err() {
        if started.elapsed() > PATIENCE || open.0.try_wait().map_err(|e| e.to_string())?.is_some() {
            return Err("`pep open` did not come up.".into());
        }
        std::thread::sleep(ASK);
    }
    let times = spread((0..=runs).map(|_| timed(&mut place.command(&home, &["list"]), false)))?;
    report["listThroughOpenMs"] = times;
    report["openResidentKiB"] = json!(memory(open.0.id(), "VmRSS"));
    Ok(report)
}

/// The full state of many whole plans (view, checks, sums, signatures), one after the other as somebody who looks at all of them
/// works it out; then of one plan after each edit of it.
fn states(plans: usize, edits: usize) -> Result<Value, String> {
    let resident = || memory(std::process::id(), "VmRSS").unwrap_or(0);
    let mut kept = Vec::new();
    for plan in kept_plans(plans) {
        kept.push(plan?);
    }
    let before = resident();
    let (mut load, mut view, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    let ms = |since: Instant| since.elapsed().as_secs_f64() * 1_000.0;
    let (mut signed, mut findings) = (0, 0);
    let started = Instant::now();
    for plan in &kept {
        let begun = Instant::now();
        let documents = plan.load()?;
        load.push(ms(begun));
        let begun = Instant::now();
        let read = plan.view(&documents);
        view.push(ms(begun));
        let begun = Instant::now();
        findings += plan.check(&read).len();
        checks.push(ms(begun));
        signed += usize::from(read.signed_off());
    }
    let took = started.elapsed().as_secs_f64();
    let after = resident();
    if signed < plans {
        return Err(format!("Only {signed} of {plans} plans came out signed."));
    }
    let Some(plan) = kept.first() else { return Ok(Value::Null) };
    let mut documents = plan.load()?;
    let (mut edited, mut again) = (Vec::new(), Vec::new());
    for n in 0..=edits {
        let begun = Instant::now();
        plan.edit(&mut documents, n)?;
        edited.push(ms(begun));
        let begun = Instant::now();
        plan.check(&plan.view(&documents));
        again.push(ms(begun));
    }
    let bytes: usize = kept.iter().map(KeptPlan::bytes).sum();
    Ok(json!({
        "plans": plans, "findings": findings, "seconds": took, "savedKiB": kib(bytes as u64),
        "residentBeforeKiB": before, "residentAfterKiB": after, "peakKiB": memory(std::process::id(), "VmHWM"),
        "loadMs": Spread::of(load).json(), "viewMs": Spread::of(view).json(), "checkMs": Spread::of(checks).json(),
        "oneEditMs": Spread::of(edited).json(), "stateAfterOneEditMs": Spread::of(again).json(),
    }))
}

struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// Waits until the program that keeps this home in step says that nothing waits. It is asked through its door; `pep status`
/// would open every plan each time, and that is not what is measured.
fn in_step(place: &Place, home: &Path, watch: &mut Watch) -> Result<(), String> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if watch.0.try_wait().map_err(|e| e.to_string())?.is_some() {
            return Err("`pep sync --watch` ended by itself.".into());
        }
        // Until the door is open this one would take the folder for itself.
        if home.join(DOOR).exists() && place.pep(home, &["sync"]).is_ok() {
            return Ok(());
        }
        std::thread::sleep(ASK);
    }
    Err(format!("`pep sync --watch` did not come in step within {} s.", PATIENCE.as_secs()))
}

/// Joins and fills a home with plans, in this process: a command for each change would take longer than what is measured.
fn fill(home: &Path, link: &str, plans: usize, role: Role, changes: usize) -> Result<Arc<App>, String> {
    let Ok(Claim::Ours(owner)) = claim(home) else { return Err("The new folder is in use.".into()) };
    let key = unlock::open(home, None, |_| (), || None).map_err(|e| e.to_string())?;
    let (app, _) = App::open(owner, key).map_err(|e| e.to_string())?;
    let app = Arc::new(app);
    let key = app.key().map_err(|e| e.to_string())?;
    let link: Link = link.parse().map_err(|e| format!("{e}"))?;
    let joined = app.runtime().block_on(dial::join(app.http(), &link, &key, "measure")).map_err(|e| e.to_string())?;
    app.with(move |core| core.join(joined, key, None)).map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
    for n in 0..plans {
        let child = Uuid::new_v4();
        let pep = spring_review(child)?;
        let child = NewChild {
            child: *child.as_bytes(),
            name: format!("Child {n} (FICTIONAL)"),
            dob: "2010-11-02".into(),
            looked_after_since: None,
            emergency: false,
        };
        let done = app.with(move |core| {
            core.add_child(child)?;
            core.start_pep(&pep, role)?;
            for change in 0..changes {
                let edits = [
                    Edit::Append { question: "care.story".into(), text: WORDS.into() },
                    Edit::Append { question: "health.affectingLearning".into(), text: WORDS.into() },
                    Edit::Choose { question: "care.placementCount".into(), value: number(change) },
                ];
                if core.edit(&pep, DocumentKind::Main, role, &edits, clock::now().unix())?.is_err() {
                    return Ok(false);
                }
            }
            Ok::<_, Trouble>(true)
        });
        if !done.map_err(|e| e.to_string())?.map_err(|e| e.to_string())? {
            return Err("A plan refused what this program writes in it.".into());
        }
    }
    Ok(app)
}

fn number(n: usize) -> Answer {
    Answer::Number(plan::Number::from_hundredths(n as i64 * 100))
}

/// Four people type a term's text in one plan, `at_once` characters to a change, with choices and rows between; how large
/// it is then on a device and at the relay.
fn term(place: &Place, name: &str, characters: usize, at_once: usize) -> Result<Value, String> {
    let people = [
        ("Odile Marrowfield", Role::SocialWorker, "care.story"),
        ("Ottoline Greaves-Penn", Role::DesignatedTeacher, "wellbeing.summary"),
        ("Lorcan Tidewell", Role::VirtualSchoolOfficer, "meeting.notes"),
        ("Carys Wexcombe", Role::Carer, "wellbeing.whatHelps"),
    ];
    let child = place.relay.child(CHILD)?;
    let pep = spring_review(child.parse().map_err(|_| "A child's id is none.")?)?;
    let links = people.iter().map(|(person, role, _)| place.relay.invite(person, name, &role.to_string(), &child));
    let links = links.collect::<Result<Vec<_>, _>>()?;
    let home = |n: usize| place.home(&format!("{name}-{n}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let mut team = Vec::new();
        for (n, link) in links.iter().enumerate() {
            let person = Participant::join(&home(n), link).await?;
            person.in_step().await?;
            person.start(&pep, people[n].1).await?;
            team.push(person);
        }
        try_join_all(team.iter().map(Participant::in_step)).await?;
        let flush = async |person: &Participant| person.with(|core| core.replica().flush()).await;
        flush(&team[0]).await?;
        let (before, relay_before) = (DiskUse::of(&home(0))?, DiskUse::of(place.relay.data())?);
        let started = Instant::now();
        let typing = team.iter().zip(&people).enumerate().map(|(n, (person, (_, role, question)))| {
            let edits = edits(n, *role, question, characters / people.len(), at_once);
            let pep = &pep;
            async move {
                let count = edits.len();
                for edit in edits {
                    person.edit(pep, *role, vec![edit]).await?;
                }
                Ok::<_, String>(count)
            }
        });
        let changes: usize = try_join_all(typing).await?.into_iter().sum();
        let doc = *pep.document(DocumentKind::Main).as_bytes();
        let all = changes as u64;
        for person in &team {
            // Everybody else's are there, and one's own are at the relay.
            let last = move |core: &mut participant::device::Device| {
                let has = core.replica().last(&doc)? >= all;
                Ok((has && core.replica().standing(&doc)?.waiting == 0).then_some(()))
            };
            person.until(last).await?;
        }
        let took = started.elapsed().as_secs_f64();
        flush(&team[0]).await?;
        let document = team[0].with(move |core| core.replica().read(&doc, |document| document.save().len())).await?;
        let report = json!({
            "characters": characters, "charactersInAChange": at_once, "changes": changes, "seconds": took,
            "deviceKiB": DiskUse::of(&home(0))?.since(&before).json(),
            "relayKiB": DiskUse::of(place.relay.data())?.since(&relay_before).json(),
            "exportedKiB": kib(document as u64),
        });
        for person in team {
            person.end().await;
        }
        Ok(report)
    })
}

/// What one of the four writes in a term.
fn edits(n: usize, role: Role, question: &str, characters: usize, at_once: usize) -> Vec<Edit> {
    let letters: Vec<char> = prose(n as u64, characters);
    let mut edits: Vec<Edit> = letters
        .chunks(at_once)
        .enumerate()
        .map(|(chunk, letters)| Edit::Splice {
            question: question.into(),
            at: chunk * at_once,
            delete: 0,
            insert: letters.iter().collect(),
            seen: Vec::new(),
        })
        .collect();
    // Spread evenly over the typing.
    let beside = CHOICES_AND_ROWS / 4;
    let every = edits.len() / (beside + 1) + 1;
    for i in 0..beside {
        let at = ((i + 1) * every + i).min(edits.len());
        edits.insert(at, choice_or_row(n * beside + i, role));
    }
    edits
}

/// Words of the common length in no order: the same text over and over would be squeezed to nothing.
fn prose(seed: u64, characters: usize) -> Vec<char> {
    let mut chance = seed;
    let words: Vec<&str> = WORDS.split_whitespace().chain(MORE_WORDS.split_whitespace()).collect();
    let mut letters = Vec::with_capacity(characters + 16);
    while letters.len() < characters {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = words[(chance >> 33) as usize % words.len()];
        letters.extend(word.chars());
        letters.push(' ');
    }
    letters.truncate(characters);
    letters
}

fn choice_or_row(i: usize, role: Role) -> Edit {
    let day = format!("2026-06-{:02}", 1 + i % 20);
    let date = |question: &str| parse_value(question, &day).unwrap_or(Answer::YesNo(true));
    match role {
        Role::SocialWorker => Edit::Choose { question: "care.placementCount".into(), value: number(i) },
        Role::VirtualSchoolOfficer => {
            Edit::Choose { question: "meeting.nextDate".into(), value: date("meeting.nextDate") }
        }
        Role::DesignatedTeacher => {
            let cells =
                [("term", Answer::Text(format!("Week {i}"))), ("possible", number(10)), ("attended", number(9))];
            row("attendance.terms", role, cells)
        }
        _ => {
            let cells = [("activity", Answer::Text(format!("Climbing {i}")))];
            row("activities.leisure", role, cells)
        }
    }
}

fn row<const N: usize>(question: &str, role: Role, cells: [(&str, Answer); N]) -> Edit {
    let cells: Cells = cells.into_iter().map(|(column, value)| (column.to_string(), Some(value))).collect();
    // These rows are known by what is in them: neither the author nor chance is part of the key.
    let key = row_key(question, &cells, &Writer::new(Uuid::nil(), role), &mut || [0; 16]).unwrap_or_default();
    Edit::PutRow { question: question.into(), key, cells }
}

/// Bytes of a folder's files, by what they are for.
struct DiskUse {
    journal: u64,
    sled: u64,
}

impl DiskUse {
    fn of(folder: &Path) -> Result<DiskUse, String> {
        Ok(DiskUse { journal: bytes(&folder.join("journal"))?, sled: bytes(&folder.join("sled"))? })
    }

    fn since(&self, before: &DiskUse) -> DiskUse {
        DiskUse { journal: self.journal.saturating_sub(before.journal), sled: self.sled.saturating_sub(before.sled) }
    }

    fn json(&self) -> Value {
        json!({ "journal": kib(self.journal), "store": kib(self.sled) })
    }
}

fn bytes(folder: &Path) -> Result<u64, String> {
    let mut sum = 0;
    for entry in fs::read_dir(folder).map_err(|e| format!("{} cannot be read ({e}).", folder.display()))?.flatten() {
        sum += match entry.metadata() {
            Ok(about) if about.is_dir() => bytes(&entry.path())?,
            Ok(about) => about.len(),
            // sled took the file away meanwhile.
            Err(_) => 0,
        };
    }
    Ok(sum)
}

fn kib(bytes: u64) -> f64 {
    (bytes as f64 / 102.4).round() / 10.0
}

/// Kills commands and the relay at random moments, and looks whether everything that was acknowledged is there.
fn kill(place: &mut Place, rounds: usize) -> Result<Value, String> {
    let child = place.relay.child(CHILD)?;
    let odile = place.person("kill-odile", "Odile Marrowfield", "social-worker", &child)?;
    let ottoline = place.person("kill-ottoline", "Ottoline Greaves-Penn", "designated-teacher", &child)?;
    let pep = place.start_pep(&odile, &child)?;
    place.pep(&odile, &["sync"])?;
    let mut tally = Tally::default();
    // What the device has said is saved: words in a text, and the greatest number in an answer.
    let (mut saved, mut set) = (Vec::new(), None);
    let mut number = 0_u64;
    for round in 0..rounds {
        // A person at work, whose machine dies somewhere in it.
        let dies = Instant::now() + chance_ms(4 * LIFE_MS);
        while Instant::now() < dies {
            number += 1;
            let (word, count) = (format!("w{number}."), number.to_string());
            let writes = !number.is_multiple_of(3);
            let append = ["write", &pep, "meeting.notes", &word, "--append"];
            let choose = ["set", &pep, "care.placementCount", &count];
            let mut command = place.command(&odile, if writes { &append } else { &choose });
            match until(&mut command, dies)? {
                true if writes => saved.push(word),
                true => {
                    set = Some(number);
                    tally.sets += 1;
                }
                false => tally.commands_killed += 1,
            }
        }
        // Sharing, in which the relay dies, or the device, or both after it.
        let mut sync = place.command(&odile, &["sync"]);
        let dies = Instant::now() + chance_ms(2 * LIFE_MS);
        match round % 3 {
            0 => {
                let mut sharing = quiet(&mut sync).stderr(Stdio::null()).spawn().map_err(|e| e.to_string())?;
                std::thread::sleep(dies.saturating_duration_since(Instant::now()));
                place.relay.kill_and_serve()?;
                end(&mut sharing);
            }
            1 => {
                tally.commands_killed += usize::from(!until(&mut sync, dies)?);
                place.relay.kill_and_serve()?;
            }
            _ => {
                place.pep(&odile, &["sync"])?;
                place.relay.kill_and_serve()?;
            }
        }
        tally.relays_killed += 1;
        let own = place.json(&odile, &["show", &pep])?;
        tally.lost_on_device += missing(&own, saved.iter().map(String::as_str));
        let there = own["answers"]["care.placementCount"].to_string().trim_matches('"').parse::<f64>();
        tally.lost_on_device += usize::from(there.ok() < set.map(|set| set as f64));
        // Every change but those that still wait has a receipt: the relay must have it, and the other device hears of it
        // from the relay alone.
        let status = place.json(&odile, &["status"])?;
        let waiting = status["peps"][0]["waitingChanges"].as_u64().ok_or("`pep status` does not say what waits.")?;
        let here: Vec<&str> = own["answers"]["meeting.notes"].as_str().unwrap_or_default().split_whitespace().collect();
        let receipted = here.len().saturating_sub(waiting as usize);
        place.pep(&ottoline, &["sync"])?;
        let theirs = place.json(&ottoline, &["show", &pep, "--field", "meeting.notes"])?;
        tally.lost_at_relay += missing(&theirs, here.into_iter().take(receipted));
        tally.rounds += usize::from(tally.lost_on_device + tally.lost_at_relay == 0);
    }
    place.pep(&odile, &["sync"])?;
    place.pep(&ottoline, &["sync"])?;
    let theirs = place.json(&ottoline, &["show", &pep])?;
    tally.lost_at_relay += missing(&theirs, saved.iter().map(String::as_str));
    Ok(json!({
        "roundsSurvived": tally.rounds, "of": rounds,
        "commandsKilled": tally.commands_killed, "relaysKilled": tally.relays_killed,
        "acknowledgedChanges": saved.len() + tally.sets,
        "lostOnTheDevice": tally.lost_on_device, "lostAtTheRelay": tally.lost_at_relay,
    }))
}

#[derive(Default)]
struct Tally {
    rounds: usize,
    commands_killed: usize,
    relays_killed: usize,
    sets: usize,
    lost_on_device: usize,
    lost_at_relay: usize,
}

/// How many of the words an answer does not hold.
fn missing<'a>(show: &Value, words: impl Iterator<Item = &'a str>) -> usize {
    let notes = show["answers"]["meeting.notes"].as_str().unwrap_or_default();
    let there: BTreeSet<&str> = notes.split_whitespace().collect();
    words.filter(|word| !there.contains(word)).count()
}

/// Runs a command until `dies` at the longest, and kills it then. Whether it ended well before.
fn until(command: &mut Command, dies: Instant) -> Result<bool, String> {
    let mut child = quiet(command).spawn().map_err(|e| e.to_string())?;
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return if status.success() {
                Ok(true)
            } else {
                Err("A command failed where it should have worked; it says why above.".into())
            };
        }
        if Instant::now() >= dies {
            end(&mut child);
            return Ok(false);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null())
}

fn chance_ms(below: u64) -> Duration {
    Duration::from_micros(clock::chance() % (below * 1_000))
}

/// A report as lines.
fn words(report: &Value, indent: &str) -> String {
    let Some(fields) = report.as_object() else { return String::new() };
    let deeper = format!("{indent}  ");
    let line = |(name, value): (&String, &Value)| match value.as_object() {
        Some(spread) if spread.contains_key("p99") => {
            format!(
                "{indent}{name}: {} (from {} to {}, {} times)\n",
                spread["median"], spread["min"], spread["max"], spread["count"]
            )
        }
        Some(_) => format!("{indent}{name}\n{}", words(value, &deeper)),
        None => format!("{indent}{name}: {value}\n"),
    };
    fields.iter().map(line).collect()
}
