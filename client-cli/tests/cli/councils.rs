//! The five councils' processes, whole, as people use them: the sample children's plans written apart on everybody's own device,
//! brought together, completed, returned, graded, signed, and gone on from in the next term.

use std::{collections::BTreeMap, fs};

use plan::{Act, Processes, SAMPLES, Sample, SamplePep, SampleStep};
use serde_json::Value;

use crate::{Home, World, text};

#[test]
fn a_plan_of_the_portal_is_written_apart_signed_and_gone_on_from() {
    Council::begin("wren").whole_story("2025/26-spring");
}

#[test]
fn a_plan_of_sections_a_to_e_is_written_apart_signed_and_gone_on_from() {
    Council::begin("sorrel").whole_story("2025/26-summer");
}

#[test]
fn a_rolling_plan_is_written_apart_signed_and_gone_on_from() {
    Council::begin("amari").whole_story("2025/26-summer");
}

#[test]
fn a_plan_of_ten_pages_is_written_apart_signed_and_gone_on_from() {
    Council::begin("idris").whole_story("2025/26-summer");
}

#[test]
fn a_plan_with_a_young_persons_own_page_is_written_apart_signed_and_gone_on_from() {
    Council::begin("linnet").whole_story("2025/26-summer");
}

/// Everybody round one sample child, each with a device of their own, and the child's last plan.
struct Council {
    world: World,
    sitting: SamplePep,
    homes: BTreeMap<String, Home>,
    child: String,
    pep: String,
}

impl Council {
    fn begin(name: &str) -> Council {
        let (_, file) = SAMPLES.iter().find(|(known, _)| *known == name).unwrap();
        let sample = Sample::parse(file, Processes::built_in()).unwrap();
        let sitting = sample.peps.last().unwrap().clone();
        let world = World::new();
        let (born, since) = (sample.child.born.to_string(), sample.child.looked_after_since.to_string());
        let add = ["children", "add", "--name", &sample.child.name, "--dob", &born, "--looked-after-since", &since];
        // Idris is there already; one child may have the name of another.
        let made = world.relay.run(&[&add[..], &["--json"]].concat()).json();
        let child = made["child"].as_str().unwrap().to_owned();
        let writes = |short: &String| sitting.steps.iter().any(|step| step.by == *short);
        let people = sample.people.iter().filter(|(short, _)| writes(short));
        let homes: BTreeMap<String, Home> = people
            .map(|(short, person)| {
                let home = world.home(short);
                home.pep(&["join", &world.relay.invite((&person.name, person.role.slug()), &child)]).ok();
                (short.clone(), home)
            })
            .collect();
        let term = format!("{}-{}", sitting.year, sitting.term);
        let new = ["--type", sitting.kind.slug(), "--process", sitting.process.id(), "--json"];
        let first = &homes[&sitting.steps.first().unwrap().by];
        let made = first.pep(&[&["new", &child, "--term", &term], &new[..]].concat()).json();
        let pep = made["pep"].as_str().unwrap().to_owned();
        let council = Council { world, sitting, homes, child, pep };
        council.everybody_syncs();
        council
    }

    fn whole_story(&self, next_term: &str) {
        let (written, then): (Vec<&SampleStep>, Vec<&SampleStep>) =
            self.sitting.steps.iter().partition(|step| step.acts.is_empty() && !is_of_the_virtual_school(step));
        // Everybody writes without a connection, in any order; what was not asked yet on their device they bring again later.
        for step in written.iter().rev() {
            self.bring(step);
        }
        self.everybody_syncs();
        for step in &written {
            assert_eq!(self.bring(step), Vec::<Value>::new(), "{} on {}", step.by, step.on);
            self.everybody_syncs();
        }
        // Nobody signs yet: the Virtual School hears what it waits for, and for whom.
        let school = self.home_of("virtual-school-officer");
        let refused = school.pep(&["sign-off", &self.pep]);
        assert!(refused.code == 5 && refused.err.contains("Nothing was signed"), "{}", refused.err);
        assert_eq!(self.show()["signOffs"], Value::Array(Vec::new()));
        let mut returned = false;
        for step in then {
            let home = &self.homes[&step.by];
            home.pep(&["sync"]).ok();
            if step.acts.contains(&Act::SignOff) && !returned {
                returned = true;
                self.returned_and_completed_again(school);
                home.pep(&["sync"]).ok();
            }
            assert_eq!(self.bring(step), Vec::<Value>::new(), "{} on {}", step.by, step.on);
            let on = step.on.to_string();
            for act in &step.acts {
                let verb = if *act == Act::Complete { "complete" } else { "sign-off" };
                home.pep(&[verb, &self.pep, "--on", &on]).ok();
            }
            home.pep(&["sync"]).ok();
        }
        self.everybody_syncs();
        let plan = self.show();
        assert_eq!(plan["state"], "signed-off");
        assert_eq!(plan["gaps"], Value::Array(Vec::new()));
        for (short, home) in &self.homes {
            let theirs = home.show(&self.pep);
            assert_eq!((&theirs["heads"], &theirs["state"]), (&plan["heads"], &plan["state"]), "{short}");
        }
        let findings = school.pep(&["check", &self.pep, "--json"]);
        assert_eq!(findings.code, 0, "{}", findings.out);
        assert_eq!(school.pep(&["conflicts", &self.pep]).code, 0);
        let meeting = school.pep(&["meeting", &self.pep, "--json"]).json();
        assert_eq!(
            (&meeting["held"], meeting["agenda"].as_array().is_some_and(|all| all.len() > 5)),
            (&true.into(), true)
        );
        let graded = school.pep(&["quality", &self.pep]).ok();
        assert!(!graded.is_empty());
        let process = school.pep(&["process", "show", self.sitting.process.id()]).ok();
        assert!(process.contains("page") || process.contains("Page"), "{process}");
        self.next(next_term);
    }

    /// Back to the social worker alone, who puts it right and says so.
    fn returned_and_completed_again(&self, school: &Home) {
        school.pep(&["return", &self.pep, "--to", "social-worker", "--reason", "Please look at the contacts."]).ok();
        school.pep(&["sync"]).ok();
        let social_worker = self.home_of("social-worker");
        social_worker.pep(&["sync"]).ok();
        assert_eq!(social_worker.show(&self.pep)["state"], "returned");
        social_worker.pep(&["complete", &self.pep, "--on", "2026-03-31"]).ok();
        social_worker.pep(&["sync"]).ok();
    }

    /// The next term, begun apart by whoever answers for a part of it.
    fn next(&self, term: &str) {
        let new =
            ["new", &self.child, "--term", term, "--type", "review", "--process", self.sitting.process.id(), "--json"];
        let begun: Vec<Value> =
            ["social-worker", "designated-teacher"].iter().map(|role| self.home_of(role).pep(&new).json()).collect();
        assert_eq!(begun[0]["pep"], begun[1]["pep"]);
        self.everybody_syncs();
        self.everybody_syncs();
        let next = begun[0]["pep"].as_str().unwrap();
        let social_worker = self.home_of("social-worker");
        let plan = social_worker.show(next);
        assert_eq!(plan["previousPep"], self.pep.as_str());
        assert_eq!(plan["answers"]["child.legalName"], self.show()["answers"]["child.legalName"]);
        assert_eq!(social_worker.pep(&["conflicts", next]).code, 0);
        assert_eq!(plan["state"], "drafting");
    }

    /// Brings what somebody wrote in a step. What could not be written, as `pep import --json` has it.
    fn bring(&self, step: &SampleStep) -> Vec<Value> {
        let Some(answers) = &step.answers else { return Vec::new() };
        let file = self.world.dir.path().join(format!("{}.json", step.by));
        fs::write(&file, answers).unwrap();
        let said = self.homes[&step.by].pep(&["import", text(&file), "--pep", &self.pep, "--replace", "--json"]).json();
        said["leftOut"].as_array().cloned().unwrap_or_default()
    }

    fn everybody_syncs(&self) {
        for _ in 0..2 {
            self.homes.values().for_each(|home| drop(home.pep(&["sync"]).ok()));
        }
    }

    fn home_of(&self, role: &str) -> &Home {
        let is = |home: &&Home| {
            let me = home.pep(&["whoami", "--json"]).json();
            me["role"] == role
        };
        self.homes.values().find(is).unwrap_or_else(|| panic!("nobody is a {role}"))
    }

    fn show(&self) -> Value {
        self.home_of("social-worker").show(&self.pep)
    }
}

/// What the Virtual School does once the others have said "complete".
fn is_of_the_virtual_school(step: &SampleStep) -> bool {
    step.answers.as_ref().is_some_and(|answers| answers.contains("\"qa.") || answers.contains("funding.decision"))
}
