//! What `pep demo` opens: Idris's meeting, which begins as the demonstration does, with three people who have it on their screens;
//! and the other sample children, who come while people look.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{NaiveTime, Timelike};
use plan::{Processes, SAMPLES, Sample};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    clock,
    commands::sync::asked_to_end,
    context::Context,
    json::demo::{Demo, Meeting, Page},
};
use participant::error::{Error, Kind};

use super::{
    children::{Loaded, load},
    stage::Stage,
    story::this_program,
};

/// Who has pages: the home, and what to call them by.
const PEOPLE: [(&str, &str); 3] = [
    ("odile", "Odile Marrowfield, social worker"),
    ("ottoline", "Ottoline Greaves-Penn, designated teacher"),
    ("lorcan", "Lorcan Tidewell, Virtual School officer"),
];
/// Of Idris's spring PEP, the steps that were taken before its meeting.
const BEFORE_THE_MEETING: usize = 4;
/// The other children, and how many steps of their last PEP have been taken: so that every state is there.
const OTHERS: [(&str, usize); 5] = [("sorrel", 7), ("linnet", 12), ("amari", 12), ("wren", 9), ("bram", 2)];
/// Lines that wait to be printed at once.
const LINES_MAX: usize = 16;
/// How long the last part may take to end once it was asked to.
const LAST_PART: Duration = Duration::from_secs(30);

/// Opens the meeting, and stays until the program is asked to end.
pub fn run(context: &mut Context, stage: Stage) -> Result<(), Error> {
    let mut stage = stage;
    let mut joined = BTreeSet::new();
    let idris = gather(&stage, &mut joined)?;
    let meeting = format!("/pep/{}/meeting/live", idris.pep);
    let mut pages = Vec::new();
    for (home, name) in PEOPLE {
        pages.push((home, name, format!("{}&to={meeting}", stage.open(home)?)));
    }
    if context.global.json {
        let each = pages.iter().map(|(home, name, url)| Page {
            home: stage.home(home),
            name: (*name).to_owned(),
            url: url.clone(),
        });
        let (pep, relay) = (idris.pep.clone(), stage.url.clone());
        context.json(&Demo::Meeting(Meeting { pep, relay, pages: each.collect() }));
    } else {
        say(context, &stage, &pages);
    }
    let _ = context.flush();
    let ended = meanwhile(context, &stage, joined);
    stage.end();
    context.talk("The demonstration has ended.");
    ended
}

/// What there is to open, and to try.
fn say(context: &mut Context, stage: &Stage, pages: &[(&str, &str, String)]) {
    context.data("Idris Fennimoor’s PEP meeting begins now. Each address is one person’s own pages, and opens one browser, once:");
    for (_, name, link) in pages {
        context.data(format!("\n{name}\n  {link}"));
    }
    let (pep, home) = (this_program(), stage.home("odile"));
    for line in [
        "\nOpen them side by side, in three windows. To try:",
        "  - tick who came, and agree an idea as Ottoline: the money moves in all three windows;",
        "  - write in the notes, two people at once;",
        "  - select “Work offline” on somebody’s page “Sharing”, go on in the meeting, and go online again;",
        "  - select “Show it on the wall”.",
    ] {
        context.data(line);
    }
    context.data(format!("\nFor another address of Odile’s: {pep} --home {} open", home.display()));
    context.data(format!("The relay listens at {}.", stage.url));
    context.data("More children come while you look. ctrl-c ends the demonstration.");
}

/// Idris as he is on the day of his meeting: last term's PEP, what was written before the meeting, and three ideas of targets.
fn gather(stage: &Stage, joined: &mut BTreeSet<String>) -> Result<Loaded, Error> {
    let mut sample = sample("idris")?;
    let spring = sample.peps.last_mut().ok_or_else(|| broken("Idris has no plan."))?;
    let ideas = spring.steps.iter().skip(BEFORE_THE_MEETING).find_map(|step| step.answers.as_deref().and_then(ideas));
    spring.steps.truncate(BEFORE_THE_MEETING);
    let loaded = load(stage, &sample, joined, &AtomicBool::new(false))?;
    let idris = loaded.into_iter().next_back().ok_or_else(|| broken("Idris has no plan."))?;
    let file = stage.home("ideas.json");
    fs::write(&file, ideas.unwrap_or_default())
        .map_err(|e| broken(&format!("A file of the demonstration was not written ({e}).")))?;
    stage.pep(
        "ottoline",
        &["new", "Idris Fennimoor", "--term", "2025/26-spring", "--type", "review", "--process", "ten-page", "--quiet"],
    )?;
    stage.pep("ottoline", &["import", &file.display().to_string(), "--pep", &idris.pep, "--quiet"])?;
    // The meeting begins with the demonstration, to the last five minutes.
    let now = clock::now().local();
    let starts = NaiveTime::from_hms_opt(now.hour(), now.minute() / 5 * 5, 0).unwrap_or_default();
    let day = now.date().to_string();
    // With am or pm: an hour of the night could be either.
    let time = format!("{}, 45 minutes", starts.format("%-I:%M%P"));
    stage.pep("odile", &["write", &idris.pep, "meeting.time", &time, "--quiet"])?;
    let here = ["--attended", "Odile Marrowfield=all", "--attended", "Ottoline Greaves-Penn=all"];
    stage.pep("odile", &[&["meeting", &idris.pep, "--date", &day, "--quiet"][..], &here].concat())?;
    for home in ["ottoline", "odile", "ottoline", "lorcan"] {
        stage.pep(home, &["sync", "--once", "--quiet"])?;
    }
    Ok(idris)
}

/// What was agreed in the meeting, as the ideas that people bring to it: one place more in the maths group, so that the three come
/// to more than there is.
fn ideas(answers: &str) -> Option<String> {
    let mut file: Value = serde_json::from_str(answers).ok()?;
    let targets = file["targets"].as_array().filter(|targets| !targets.is_empty())?.clone();
    let idea = |mut target: Value| {
        target["status"] = "idea".into();
        if let Some(fund) = target["funds"].get_mut(0).filter(|fund| fund["unitCost"] == "12.00") {
            fund["quantity"] = 10.into();
        }
        target
    };
    file["targets"] = targets.into_iter().map(idea).collect();
    file["answers"] = json!({});
    file["none"] = json!({});
    Some(file.to_string())
}

/// Loads the other children until the program is asked to end, and says who has come.
fn meanwhile(context: &mut Context, stage: &Stage, mut joined: BTreeSet<String>) -> Result<(), Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|e| broken(&format!("This computer does not let pep wait for ctrl-c ({e}).")))?;
    let (say, mut said) = mpsc::channel::<String>(LINES_MAX);
    std::thread::scope(|scope| {
        let stopped = stop.clone();
        scope.spawn(move || {
            for (name, steps) in OTHERS {
                let came = other(stage, name, steps, &mut joined, &stopped);
                let line = match came {
                    _ if stopped.load(Ordering::Relaxed) => return,
                    Ok(states) => states,
                    Err(e) => format!("{name} could not be loaded: {}", e.message),
                };
                if say.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        runtime.block_on(async {
            let mut end = std::pin::pin!(asked_to_end());
            loop {
                tokio::select! {
                    () = &mut end => return,
                    Some(line) = said.recv() => {
                        context.talk(line);
                        let _ = context.flush();
                    }
                }
            }
        });
        stop.store(true, Ordering::Relaxed);
        // Whoever is being loaded has at most one command to wait for; nobody listens to the rest.
        runtime.block_on(async {
            let _ = timeout(LAST_PART, async { while said.recv().await.is_some() {} }).await;
        });
    });
    Ok(())
}

/// One of the other children, as far as their last PEP has come. The officer of the demonstration works with all of them.
fn other(
    stage: &Stage,
    name: &str,
    steps: usize,
    joined: &mut BTreeSet<String>,
    stop: &AtomicBool,
) -> Result<String, Error> {
    let mut sample = sample(name)?;
    if let Some(last) = sample.peps.last_mut() {
        last.steps.truncate(steps);
    }
    let loaded = load(stage, &sample, joined, stop)?;
    if !sample.people.contains_key("lorcan") {
        let lorcan = ["teams", "add", &sample.child.name, "Lorcan Tidewell", "--role", "virtual-school-officer"];
        stage.relay_json(&lorcan)?;
    }
    let states: Vec<String> = loaded.iter().map(|plan| format!("{}: {}", plan.child, plan.state)).collect();
    Ok(states.join("\n"))
}

fn sample(name: &str) -> Result<Sample, Error> {
    let file = SAMPLES.iter().find(|(known, _)| *known == name).map_or("", |(_, file)| file);
    Sample::parse(file, Processes::built_in()).map_err(|error| broken(&error.to_string()))
}

fn broken(why: &str) -> Error {
    Error::new(Kind::Failed, why)
}
