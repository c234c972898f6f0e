//! The story of the demonstration: Idris Fennimoor's spring review, 24 to 27 February 2026. Everybody in it is invented.

use std::{collections::BTreeSet, time::Instant};

use serde_json::Value;

use crate::context::Context;
use participant::error::{Error, Kind};

use super::stage::Stage;

const ODILE: Person =
    Person { id: "odile", name: "Odile Marrowfield", role: "social-worker", organisation: "Harrowmere Council" };
const OTTOLINE: Person = Person {
    id: "ottoline",
    name: "Ottoline Greaves-Penn",
    role: "designated-teacher",
    organisation: "Thornfield Bridge Academy",
};
const LORCAN: Person = Person {
    id: "lorcan",
    name: "Lorcan Tidewell",
    role: "virtual-school-officer",
    organisation: "Harrowmere Virtual School",
};
const ALL: [&Person; 3] = [&ODILE, &OTTOLINE, &LORCAN];

const NOTES: &str = "Idris joins for the second half of the meeting.";
const TUITION: &str = "funding.tuition";
const NEXT: &str = "2026-06-04";
/// Rounds of sharing after which everybody must hold the same: one to bring, one to fetch.
const ROUNDS: usize = 2;

struct Person {
    id: &'static str,
    name: &'static str,
    role: &'static str,
    organisation: &'static str,
}

/// Something that somebody wrote, and that must be there at the end.
struct Written {
    pep: String,
    field: &'static str,
    words: String,
}

/// The story as it is being told.
pub struct Story<'a> {
    context: &'a mut Context,
    stage: Stage,
    child: String,
    spring: String,
    target: String,
    written: Vec<Written>,
    steps: Vec<(&'static str, u128)>,
    started: Instant,
}

impl<'a> Story<'a> {
    /// Everybody joins.
    pub fn begin(context: &'a mut Context, stage: Stage) -> Result<Story<'a>, Error> {
        let mut story = Story {
            context,
            stage,
            child: String::new(),
            spring: String::new(),
            target: String::new(),
            written: Vec::new(),
            steps: Vec::new(),
            started: Instant::now(),
        };
        let child = story.stage.relay_json(&[
            "children",
            "add",
            "--name",
            "Idris Fennimoor",
            "--dob",
            "2010-11-02",
            "--looked-after-since",
            "2019-06-18",
        ])?;
        story.child = text(&child, "child")?;
        for who in ALL {
            let invite = [
                "invite",
                "--name",
                who.name,
                "--role",
                who.role,
                "--organisation",
                who.organisation,
                "--child",
                &story.child,
            ];
            let link = text(&story.stage.relay_json(&invite)?, "link")?;
            story.stage.pep(who.id, &["join", &link, "--quiet"])?;
        }
        story.done("a relay and three people who joined it");
        Ok(story)
    }

    /// Odile starts the plan, and everybody gets it.
    fn first_plan(&mut self) -> Result<(), Error> {
        self.spring = self.new_pep(&ODILE, "2025/26-spring")?;
        let pep = self.spring.clone();
        self.set(&ODILE, &pep, "child.dob", "2010-11-02")?;
        self.set(&ODILE, &pep, "meeting.kind", "meeting")?;
        self.set(&ODILE, &pep, "meeting.date", "2026-02-26")?;
        self.write(&ODILE, &pep, "meeting.notes", NOTES, "joins for the second half of the meeting.")?;
        self.share()?;
        self.target = text(
            &self.stage.pep_json(
                OTTOLINE.id,
                &[
                    "target",
                    "add",
                    &pep,
                    "category=academic",
                    "area=English",
                    "statement=I will write three PEEL paragraphs in 30 minutes, twice",
                    "measure=12/20",
                    "dueDate=2026-05-15",
                    "status=agreed",
                ],
            )?,
            "key",
        )?;
        self.written(&pep, "targets.list", "I will write three PEEL paragraphs in 30 minutes, twice");
        self.share()?;
        self.done("the plan of spring 2026 reached everybody");
        Ok(())
    }

    /// All of it, with its checks.
    pub fn play(&mut self) -> Result<(), Error> {
        self.first_plan()?;
        self.same_everywhere()?;
        self.next_date(true)?;
        let before = self.mandatory()?;
        let summer = self.offline()?;
        self.share()?;
        self.done("everybody came back and shared");
        self.same_everywhere()?;
        self.merged(&summer, before)?;
        self.choose_apart()?;
        self.choose()?;
        self.same_everywhere()?;
        self.nothing_disputed()?;
        self.next_date(false)?;
        self.all_words()?;
        self.done("everything checked");
        Ok(())
    }

    /// Ends every process; the steps and their milliseconds.
    pub fn end(mut self) -> Vec<(&'static str, u128)> {
        self.stage.end();
        std::mem::take(&mut self.steps)
    }

    /// Everybody writes without a connection: in different answers, in the same text, in one target, and two different
    /// choices. Returns the summer plan, which two of them start.
    fn offline(&mut self) -> Result<String, Error> {
        let pep = self.spring.clone();
        self.say("\nNobody is connected. Everybody writes:");
        self.set(&ODILE, &pep, "care.legalStatus", "C2")?;
        self.set(&ODILE, &pep, "transfer.needed", "yes")?;
        let begun = "Odile met Idris and Carys before the meeting.";
        self.write(&ODILE, &pep, "meeting.notes", &format!("{begun} {NOTES}"), begun)?;
        self.set(&ODILE, &pep, "meeting.nextDate", NEXT)?;

        for row in [
            ["term=Autumn 2025", "possible=148", "attended=121", "authorised=17", "unauthorised=10", "late=11"],
            ["term=Spring 2026", "possible=68", "attended=61", "authorised=5", "unauthorised=2", "late=4"],
        ] {
            self.stage.pep(OTTOLINE.id, &[&["row", "add", &pep, "attendance.terms"], row.as_slice()].concat())?;
            self.wrote(&OTTOLINE, "attendance.terms", row[0]);
            for cell in row {
                self.written(&pep, "attendance.terms", cell.split('=').nth(1).unwrap_or_default());
            }
        }
        let ended = "Ottoline brings the English scores.";
        self.write(&OTTOLINE, &pep, "meeting.notes", &format!("{NOTES} {ended}"), ended)?;
        self.target_field(&OTTOLINE, "measure=13/20")?;
        self.set(&OTTOLINE, &pep, TUITION, "school_claims")?;

        let amid = ", who chose to come,";
        self.write(&LORCAN, &pep, "meeting.notes", &NOTES.replace("Idris joins", &format!("Idris{amid} joins")), amid)?;
        self.target_field(&LORCAN, "dueDate=2026-05-22")?;
        self.set(&LORCAN, &pep, TUITION, "vs_retains")?;

        let summer = self.new_pep(&ODILE, "2025/26-summer")?;
        self.write(&ODILE, &summer, "meeting.notes", "Ask Idris how the taxi goes.", "Ask Idris how the taxi goes.")?;
        let also = self.new_pep(&OTTOLINE, "2025/26-summer")?;
        self.write(&OTTOLINE, &also, "progress.goingWell", "Maths and food technology.", "Maths and food technology.")?;
        self.expect(also == summer, "Two people who started the summer plan apart started two plans.")?;
        self.done("three people wrote without a connection");
        Ok(summer)
    }

    fn merged(&mut self, summer: &str, before: u64) -> Result<(), Error> {
        let pep = self.spring.clone();
        self.all_words()?;
        let plan = self.stage.pep_json(LORCAN.id, &["show", &pep])?;
        self.say("\nWhat merged:");
        self.say(format!("  meeting.notes: {}", plan["answers"]["meeting.notes"].as_str().unwrap_or_default()));
        let target = plan["targets"]
            .as_array()
            .and_then(|all| all.iter().find(|t| t["key"] == self.target.as_str()))
            .cloned()
            .unwrap_or_default();
        self.say(format!("  target 1: measure {}, due {}", target["measure"], target["dueDate"]));
        self.expect(
            target["measure"] == "13/20" && target["dueDate"] == "2026-05-22",
            "One target was changed by two people, and not both changes are there.",
        )?;
        let after = self.mandatory()?;
        self.expect(after > before, "Questions about the change of school did not become the social worker's.")?;
        self.say(format!("  a change of school: {} new questions for the social worker", after - before));
        let plans = self.stage.pep_json(LORCAN.id, &["list"])?;
        let plans: Vec<&str> = plans.as_array().into_iter().flatten().filter_map(|p| p["pep"].as_str()).collect();
        self.expect(
            plans.len() == 2 && plans.contains(&summer),
            "There should be two plans: one of spring and one of summer.",
        )?;
        self.say("  one plan for the summer, started by two people");

        self.is_open()?;
        self.say("\nThe one answer that somebody has to choose:");
        let shown = self.stage.pep(OTTOLINE.id, &["conflicts", &pep])?;
        self.say(shown.trim_end());
        self.done("looked at what merged");
        Ok(())
    }

    /// Everybody sees the one answer that somebody has to choose, and both sides of it.
    fn is_open(&mut self) -> Result<(), Error> {
        for who in ALL {
            let disputed = self.stage.pep_json(who.id, &["conflicts", &self.spring])?;
            let [only] = disputed.as_array().map(Vec::as_slice).unwrap_or_default() else {
                return self.expect(false, "There should be exactly one answer to choose.");
            };
            let values = only["values"].as_array().map(Vec::as_slice).unwrap_or_default();
            let both = ["school_claims", "vs_retains"].iter().all(|one| values.iter().any(|v| v["value"] == *one));
            let fits = only["field"] == TUITION && values.len() == 2 && both;
            self.expect(fits, "The answer to choose should be who arranges the tuition.")?;
        }
        Ok(())
    }

    /// Ottoline and Lorcan each settle it without having heard of the other, and otherwise: neither wins in silence.
    fn choose_apart(&mut self) -> Result<(), Error> {
        self.say("\nTwo people choose, each without a connection:");
        self.take(&OTTOLINE, "school_claims")?;
        self.take(&LORCAN, "vs_retains")?;
        self.share()?;
        self.is_open()?;
        self.say("It is open again for everybody, with both answers.");
        self.done("two people settled it apart, and it is open again");
        Ok(())
    }

    /// Ottoline, whose question it is, takes what the Virtual School proposed.
    fn choose(&mut self) -> Result<(), Error> {
        self.take(&OTTOLINE, "vs_retains")?;
        // The other answer is no answer any more; the history keeps it.
        self.written.retain(|w| w.field != TUITION || w.words == "vs_retains");
        self.say(format!("{} chose: the Virtual School keeps the money and arranges it.", OTTOLINE.name));
        self.share()?;
        for who in ALL {
            let plan = self.stage.pep_json(who.id, &["show", &self.spring])?;
            let same = plan["answers"][TUITION] == "vs_retains";
            self.expect(same, &format!("{} does not see what was chosen.", who.name))?;
        }
        self.done("the choice reached everybody");
        Ok(())
    }

    /// Somebody settles the one answer that is open.
    fn take(&mut self, who: &Person, value: &str) -> Result<(), Error> {
        let disputed = self.stage.pep_json(who.id, &["conflicts", &self.spring])?;
        let values = disputed[0]["values"].as_array().cloned().unwrap_or_default();
        let take = values.iter().find(|v| v["value"] == value).map(|v| v["take"].to_string()).unwrap_or_default();
        self.stage.pep(who.id, &["resolve", &self.spring, TUITION, "--take", &take, "--quiet"])?;
        self.wrote(who, TUITION, value);
        Ok(())
    }

    /// Shares until everybody holds the same.
    fn share(&mut self) -> Result<(), Error> {
        for _ in 0..ROUNDS {
            for who in ALL {
                let synced = self.stage.pep_json(who.id, &["sync", "--once", "--quiet"])?;
                self.expect(synced["inStep"] == true, "Somebody is not in step with the relay.")?;
            }
        }
        Ok(())
    }

    /// The same heads of every plan on every device and at the relay.
    fn same_everywhere(&mut self) -> Result<(), Error> {
        let relay = self.stage.relay_json(&["check"])?;
        self.expect(relay["damage"].as_array().is_some_and(Vec::is_empty), "The relay's journal is damaged.")?;
        for who in ALL {
            let status = self.stage.pep_json(who.id, &["status"])?;
            for plan in status["peps"].as_array().into_iter().flatten() {
                let mut documents = relay["documents"].as_array().into_iter().flatten();
                let main = documents.find(|d| d["pep"] == plan["pep"] && d["kind"] == "main");
                let same =
                    main.is_some_and(|d| d["heads"] == plan["savedHeads"]) && plan["sharedHeads"] == plan["savedHeads"];
                self.expect(
                    same && plan["waitingChanges"] == 0 && plan["held"] == 0,
                    &format!("{} and the relay do not hold the same.", who.name),
                )?;
            }
        }
        Ok(())
    }

    /// The next date is the same for everybody: worked out while nobody has set one, then what Odile set.
    fn next_date(&mut self, provisional: bool) -> Result<(), Error> {
        for who in ALL {
            let plan = self.stage.pep_json(who.id, &["show", &self.spring])?;
            let same = plan["nextDate"] == NEXT && plan["nextDateProvisional"] == provisional;
            self.expect(same, &format!("{} sees another date for the next PEP.", who.name))?;
        }
        Ok(())
    }

    /// Mandatory questions of the social worker.
    fn mandatory(&self) -> Result<u64, Error> {
        let plan = self.stage.pep_json(LORCAN.id, &["show", &self.spring])?;
        Ok(plan["completeness"]["social-worker"]["mandatory"].as_u64().unwrap_or(0))
    }

    fn nothing_disputed(&mut self) -> Result<(), Error> {
        for who in ALL {
            let disputed = self.stage.pep_json(who.id, &["conflicts", &self.spring])?;
            self.expect(disputed.as_array().is_some_and(Vec::is_empty), "An answer is still to be chosen.")?;
        }
        Ok(())
    }

    /// Everything that anybody wrote is where they wrote it, for everybody.
    fn all_words(&mut self) -> Result<(), Error> {
        let plans: BTreeSet<&str> = self.written.iter().map(|w| w.pep.as_str()).collect();
        for who in ALL {
            for pep in &plans {
                let plan = self.stage.pep_json(who.id, &["show", pep])?;
                for w in self.written.iter().filter(|w| w.pep == **pep) {
                    let there = if w.field == "targets.list" { &plan["targets"] } else { &plan["answers"][w.field] };
                    let otherwise = format!("{} does not see something that was written in {}.", who.name, w.field);
                    self.expect(holds(there, &w.words), &otherwise)?;
                }
            }
        }
        Ok(())
    }

    fn new_pep(&mut self, who: &Person, term: &str) -> Result<String, Error> {
        let made = self
            .stage
            .pep_json(who.id, &["new", &self.child, "--term", term, "--type", "review", "--process", "sections"])?;
        text(&made, "pep")
    }

    fn set(&mut self, who: &Person, pep: &str, field: &'static str, value: &str) -> Result<(), Error> {
        self.stage.pep(who.id, &["set", pep, field, value, "--quiet"])?;
        self.wrote(who, field, value);
        self.written(pep, field, value);
        Ok(())
    }

    /// Makes a text `whole`; `new` is what is new in it.
    fn write(&mut self, who: &Person, pep: &str, field: &'static str, whole: &str, new: &str) -> Result<(), Error> {
        self.stage.pep(who.id, &["write", pep, field, whole, "--quiet"])?;
        self.wrote(who, field, new);
        self.written(pep, field, new);
        Ok(())
    }

    fn target_field(&mut self, who: &Person, field: &'static str) -> Result<(), Error> {
        self.stage.pep(who.id, &["target", "set", &self.spring, &self.target, field, "--quiet"])?;
        self.wrote(who, "target 1", field);
        let pep = self.spring.clone();
        self.written(&pep, "targets.list", field.split('=').nth(1).unwrap_or_default());
        Ok(())
    }

    fn written(&mut self, pep: &str, field: &'static str, words: &str) {
        self.written.push(Written { pep: pep.to_string(), field, words: words.to_string() });
    }

    fn wrote(&mut self, who: &Person, field: &str, words: &str) {
        self.say(format!("  {} - {field}: {words}", who.name));
    }

    fn say(&mut self, line: impl AsRef<str>) {
        if !self.context.global.json {
            self.context.data(line.as_ref());
            let _ = self.context.flush();
        }
    }

    fn done(&mut self, step: &'static str) {
        let ms = self.started.elapsed().as_millis();
        self.say(format!("[{ms} ms] {step}"));
        self.steps.push((step, ms));
        self.started = Instant::now();
    }

    fn expect(&self, so: bool, otherwise: &str) -> Result<(), Error> {
        if so {
            Ok(())
        } else {
            Err(Error::new(Kind::Failed, format!("The demonstration did not end as it should. {otherwise}")))
        }
    }
}

/// Whether these words stand anywhere in an answer.
fn holds(answer: &Value, words: &str) -> bool {
    match answer {
        Value::String(text) => text.contains(words),
        Value::Bool(yes) => words == if *yes { "yes" } else { "no" },
        Value::Number(number) => number.to_string() == words,
        Value::Array(all) => all.iter().any(|one| holds(one, words)),
        Value::Object(all) => all.values().any(|one| holds(one, words)),
        Value::Null => false,
    }
}

pub(super) fn text(json: &Value, key: &str) -> Result<String, Error> {
    let found = json[key].as_str().map(str::to_string);
    found.ok_or_else(|| Error::new(Kind::Failed, format!("A part of the demonstration did not answer with its {key}.")))
}

/// How to call this very program in the same terminal: by its name where that is what the name finds, else by its path.
pub(super) fn this_program() -> String {
    let Ok(this) = std::env::current_exe() else { return "pep".into() };
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join("pep")).find(|candidate| candidate.is_file())
    });
    if found.and_then(|f| f.canonicalize().ok()) == this.canonicalize().ok() {
        return "pep".into();
    }
    let here =
        std::env::current_dir().ok().and_then(|here| this.strip_prefix(here).ok().map(|p| p.display().to_string()));
    here.unwrap_or_else(|| this.display().to_string())
}
