//! Sample children on a relay: everybody of a sample joins with a device of their own and does what the sample says.

use std::{
    collections::BTreeSet,
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use plan::{Act, Processes, SAMPLES, Sample, SampleStep};

use crate::{commands::sync::asked_to_end, context::Context, json::demo as json};
use participant::error::{Error, Kind};

use super::{
    stage::Stage,
    story::{text, this_program},
};

/// The word for every sample child.
pub const ALL: &str = "all";

/// A plan that was loaded, and who may be asked to show it.
pub struct Loaded {
    /// The child and the term.
    pub child: String,
    /// Its id.
    pub pep: String,
    /// How far it is.
    pub state: String,
    people: Vec<(String, String, String)>,
}

/// Loads the children; leaves everybody running, or with `check` looks whether every plan came out and stops.
pub fn run(context: &mut Context, mut stage: Stage, name: &str, check: bool) -> Result<(), Error> {
    let mut joined = BTreeSet::new();
    let mut loaded = Vec::new();
    for (_, file) in SAMPLES.iter().filter(|(known, _)| name == ALL || *known == name) {
        let sample =
            Sample::parse(file, Processes::built_in()).map_err(|error| Error::new(Kind::Failed, error.to_string()))?;
        loaded.extend(load(&stage, &sample, &mut joined, &AtomicBool::new(false))?);
    }
    if context.global.json {
        let each = loaded.iter().map(|plan| json::Loaded {
            child: plan.child.clone(),
            pep: plan.pep.clone(),
            state: plan.state.clone(),
        });
        context.json(&json::Demo::Loaded(each.collect()));
    } else {
        let pep = this_program();
        for plan in &loaded {
            let short: String = plan.pep.chars().take(8).collect();
            context.data(format!("\n{} [{short}]: {}", plan.child, plan.state));
            // The folders of a check are gone when it ends.
            for (home, name, role) in plan.people.iter().filter(|_| !check) {
                let home = stage.home(home);
                let home = home.display();
                context.data(format!(
                    "  {name}, {role}\n    {pep} --home {home} open\n    {pep} --home {home} show {short}"
                ));
            }
        }
    }
    let unsigned = loaded.iter().find(|plan| !matches!(plan.state.as_str(), "signed-off" | "superseded" | "closed"));
    if let (true, Some(plan)) = (check, unsigned) {
        let message = format!("A plan of {} did not come out signed off; it is {}.", plan.child, plan.state);
        return Err(Error::new(Kind::Failed, message));
    }
    if !check {
        joined.iter().try_for_each(|home| stage.watch(home))?;
        context.talk("\nEverybody in it is invented. ctrl-c ends the demonstration.");
        let ended = tokio::runtime::Runtime::new().map(|runtime| runtime.block_on(asked_to_end()));
        ended
            .map_err(|e| Error::new(Kind::Failed, format!("This computer does not let pep wait for ctrl-c ({e}).")))?;
    }
    stage.end();
    Ok(())
}

/// One child: the directory first, then every step by whoever takes it. `joined` are the homes that have joined; `stop` ends it
/// before the next step.
pub fn load(
    stage: &Stage,
    sample: &Sample,
    joined: &mut BTreeSet<String>,
    stop: &AtomicBool,
) -> Result<Vec<Loaded>, Error> {
    let (born, since) = (sample.child.born.to_string(), sample.child.looked_after_since.to_string());
    let mut add = vec!["children", "add", "--name", &sample.child.name, "--dob", &born, "--looked-after-since", &since];
    if sample.child.emergency {
        add.push("--emergency");
    }
    let child = text(&stage.relay_json(&add)?, "child")?;
    for (home, person) in &sample.people {
        let role = person.role.slug();
        if joined.insert(home.clone()) {
            let organisation = ["--organisation", &person.organisation];
            let invite = ["invite", "--name", &person.name, "--role", role, "--child", &child];
            let link = text(&stage.relay_json(&[&invite[..], &organisation].concat())?, "link")?;
            stage.pep(home, &["join", &link, "--quiet"])?;
            stage.furnish(home)?;
        } else {
            stage.relay_json(&["teams", "add", &child, &person.name, "--role", role])?;
        }
    }
    let mut loaded = Vec::new();
    for sitting in &sample.peps {
        let Some(first) = sitting.steps.first() else { continue };
        let term = format!("{}-{}", sitting.year, sitting.term);
        stage.pep(&first.by, &["sync", "--once", "--quiet"])?;
        let (kind, process) = (sitting.kind.slug(), sitting.process.id());
        let new = ["new", &child, "--term", &term, "--type", kind, "--process", process];
        let pep = text(&stage.pep_json(&first.by, &new)?, "pep")?;
        let mut before = first.by.as_str();
        for step in &sitting.steps {
            if stop.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            if step.by != before {
                stage.pep(before, &["sync", "--once", "--quiet"])?;
                stage.pep(&step.by, &["sync", "--once", "--quiet"])?;
                before = &step.by;
            }
            take(stage, &pep, step)?;
        }
        stage.pep(before, &["sync", "--once", "--quiet"])?;
        loaded.push((pep, term));
    }
    // Everybody gets the whole of it; then those who have left the team leave it here, too.
    for home in sample.people.keys() {
        stage.pep(home, &["sync", "--once", "--quiet"])?;
    }
    let gone: Vec<&str> = sample.people.values().filter(|p| p.until.is_some()).map(|p| p.name.as_str()).collect();
    gone.iter().try_for_each(|name| stage.relay_json(&["teams", "end", &child, name]).map(drop))?;
    let still = || sample.people.iter().filter(|(_, person)| person.until.is_none());
    let people: Vec<_> =
        still().map(|(home, p)| (home.clone(), p.name.clone(), p.role.label().to_lowercase())).collect();
    let Some((asked, ..)) = people.first() else { return Ok(Vec::new()) };
    let plan = |(pep, term): (String, String)| {
        let state = text(&stage.pep_json(asked, &["show", &pep])?, "state")?;
        Ok(Loaded { child: format!("{}, {term}", sample.child.name), pep, state, people: people.clone() })
    };
    loaded.into_iter().map(plan).collect()
}

/// What one person does in one step.
fn take(stage: &Stage, pep: &str, step: &SampleStep) -> Result<(), Error> {
    if let Some(answers) = &step.answers {
        let file = stage.home(&step.by).with_extension("answers.json");
        let kept = fs::write(&file, answers);
        kept.map_err(|e| Error::new(Kind::Failed, format!("A file of the demonstration was not written ({e}).")))?;
        let brought = stage.pep_json(&step.by, &["import", &file.display().to_string(), "--pep", pep, "--replace"])?;
        if let Some(left) = brought["leftOut"].as_array().and_then(|all| all.first()) {
            let message = format!("{} could not write {} on {}.", step.by, left["field"], step.on);
            return Err(Error::new(Kind::Failed, message));
        }
    }
    let on = step.on.to_string();
    for act in &step.acts {
        match act {
            Act::Complete => stage.pep(&step.by, &["complete", pep, "--on", &on, "--quiet"])?,
            Act::SignOff => stage.pep(&step.by, &["sign-off", pep, "--on", &on, "--quiet"])?,
        };
    }
    Ok(())
}
