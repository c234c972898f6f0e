//! The storyboard of PEP.md 8.5 as one story, from Idris's sample plan on: 23 February to 2 March 2026, everybody off line at
//! some point. Each step also stands alone elsewhere (`storyboard_N`). Step 7, a former social worker's device, needs a relay:
//! `tests/tests/stories.rs`.

use plan::{NextDate, Played, Processes, SAMPLES, Sample, Signing, appeared, sign};

use crate::*;

const PEEL: &str = "1d2150aa-0004-4000-8000-00000000a004";
const RATIO: &str = "1d2150aa-0005-4000-8000-00000000a005";
const PASS: &str = "1d2150aa-0006-4000-8000-00000000a006";

/// People who are not in the sample: its council gives them no account.
const GUESTS: [(&str, Role); 2] = [("Carys Wexcombe", Role::Carer), ("Idris Fennimoor", Role::YoungPerson)];

/// The plan in the office, where everything comes together in the end.
struct Office {
    sample: Sample,
    plan: Played,
    /// The steps of the sample that are done.
    done: usize,
}

/// Somebody's copy, off line.
struct Laptop {
    main: Automerge,
    pep: Pep,
    writer: Writer,
    clock: i64,
}

impl Office {
    fn open() -> Office {
        let (_, text) = SAMPLES.iter().find(|(name, _)| *name == "idris").unwrap();
        let sample = Sample::parse(text, Processes::built_in()).unwrap();
        let plan = Played::begin(&sample, &sample.peps[1], Uuid::from_u128(0x1D2150));
        Office { sample, plan, done: 0 }
    }

    /// What the sample says happened up to that day.
    fn until(&mut self, day: &str) {
        let steps = &self.sample.peps[1].steps;
        while steps.get(self.done).is_some_and(|step| step.on.to_string().as_str() <= day) {
            self.plan.take(&steps[self.done]).unwrap();
            self.done += 1;
        }
    }

    fn goes_off_line(&mut self, name: &str) -> Laptop {
        let guest = GUESTS.iter().position(|(full, _)| full.to_lowercase().starts_with(name));
        let (number, writer) = match guest {
            Some(at) => (100 + at, Writer::new(Uuid::from_u128(0x9000 + at as u128), GUESTS[at].1)),
            None => self.plan.writer(name).map(|(number, writer)| (usize::from(number), writer)).unwrap(),
        };
        let mut actor = [0x5B; 16];
        actor[0] = u8::try_from(number).unwrap();
        // Every stay off line is another device, so no actor writes in two places.
        actor[1..9].copy_from_slice(&(self.main().get_changes_meta(&[]).len() as u64).to_be_bytes());
        let main = self.main().clone().with_actor(ActorId::from(&actor[..]));
        Laptop { main, pep: self.plan.pep.clone(), writer, clock: TUESDAY }
    }

    fn main(&mut self) -> &mut Automerge {
        self.plan.document(DocumentKind::Main).unwrap()
    }

    /// All come back. They hold the same, whoever came first.
    fn meet<const N: usize>(&mut self, laptops: [Laptop; N]) -> View {
        let mut backwards = self.main().clone();
        for laptop in laptops.iter().rev() {
            backwards.merge(&mut laptop.main.clone()).unwrap();
        }
        for mut laptop in laptops {
            self.main().merge(&mut laptop.main).unwrap();
        }
        let view = self.view();
        assert!(view == read(Documents::main(&backwards), &self.plan.pep, &|actor| self.who(actor)));
        view
    }

    fn who(&self, actor: &[u8]) -> Option<Who> {
        let (name, role) = match actor.first()?.checked_sub(100) {
            None => return self.plan.who(actor),
            Some(guest) => GUESTS.get(usize::from(guest))?,
        };
        let person = Uuid::from_u128(0x9000 + u128::from(actor[0] - 100));
        Some(Who { person, name: (*name).to_owned(), role: *role, until: None })
    }

    fn view(&mut self) -> View {
        let main = self.main().clone();
        read(Documents::main(&main), &self.plan.pep, &|actor| self.who(actor))
    }
}

impl Laptop {
    fn try_edit(&mut self, edit: Edit) -> Result<Applied, Refused> {
        self.clock += 1;
        apply(&mut self.main, &self.pep, DocumentKind::Main, &self.writer, &[edit], self.clock)
    }

    fn set(&mut self, question: &str, text: &str) {
        let value = parse_value(question, text).unwrap();
        self.try_edit(Edit::Choose { question: question.into(), value }).unwrap();
    }

    fn row(&mut self, table: &str, cells: &[(&str, &str)]) -> String {
        let cells = cells_of(table, cells);
        let key = row_key(table, &cells, &self.writer, &mut || [7; 16]).unwrap();
        self.try_edit(Edit::PutRow { question: table.into(), key: key.clone(), cells }).unwrap();
        key
    }

    fn target(&mut self, key: &str, fields: &[(&str, &str)]) {
        self.try_edit(Edit::PutTarget { key: key.into(), fields: cells_of("targets.list", fields) }).unwrap();
    }

    fn fund(&mut self, target: &str, row: &str, cells: &[(&str, &str)]) {
        let question = format!("targets.list/{target}/funds");
        self.try_edit(Edit::PutRow { question, key: row.into(), cells: cells_of("targets.list/funds", cells) })
            .unwrap();
    }
}

fn fund_of(view: &View, target: &str) -> String {
    let target = view.targets.iter().find(|found| found.row.key == target).unwrap();
    target.tables["funds"][0].key.clone()
}

fn field(view: &View, target: &str, name: &str) -> serde_json::Value {
    view.targets.iter().find(|found| found.row.key == target).unwrap().row.to_json()[name].clone()
}

fn stands(view: &View, question: &str) -> bool {
    view.sign_offs.iter().rfind(|made| made.question == question).is_some_and(|made| made.stands)
}

#[test]
fn the_storyboard_from_the_train_to_the_summer() {
    let mut office = Office::open();
    office.until("2026-02-23");

    // 1. Odile on the train, Ottoline where the Wi-Fi is down: merged clean; page 8 becomes mandatory.
    let (mut odile, mut ottoline) = (office.goes_off_line("odile"), office.goes_off_line("ottoline"));
    let before = office.view();
    odile.set("transfer.needed", "yes");
    ottoline.row("attendance.terms", &[("term", "Spring 2026 to 26 February"), ("late", "5")]);
    let view = office.meet([odile, ottoline]);
    assert!(conflicts(&view, &office.plan.pep).is_empty());
    assert!(view.completeness[&Role::SocialWorker].mandatory > before.completeness[&Role::SocialWorker].mandatory);
    assert!(view.gaps.iter().any(|gap| gap.question == "transfer.reason"));
    let since = appeared(&before, &view);
    assert!(since.iter().any(|new| new.because == Some("transfer.needed")));

    // 5. Idris says 4; Carys is not the one who writes it, and says in her own place what he says at home.
    let (mut idris, mut carys) = (office.goes_off_line("idris"), office.goes_off_line("carys"));
    let his = idris.row("voice.secScales", &[("about", "listened_to"), ("score", "4")]);
    let cells = cells_of("voice.secScales", &[("about", "listened_to"), ("score", "6")]);
    let refused = carys.try_edit(Edit::PutRow { question: "voice.secScales".into(), key: his.clone(), cells });
    assert!(matches!(refused, Err(Refused::NotYours { .. })));
    carys.set("carer.goingWell", "He says 6.");
    let view = office.meet([idris, carys]);
    assert_eq!(row(&view, "voice.secScales", &his).to_json()["score"], 4);
    let Answer::Voices(said) = &view.answers["carer.goingWell"] else { panic!("nobody said anything") };
    assert!(said.iter().any(|voice| voice.text == "He says 6." && voice.by.as_ref().unwrap().role == Role::Carer));

    office.until("2026-02-26");

    // 2. One changes the measure, the other the date: both stand.
    let (mut ottoline, mut lorcan) = (office.goes_off_line("ottoline"), office.goes_off_line("lorcan"));
    ottoline.target(PEEL, &[("measure", "13/20 or more, twice")]);
    lorcan.target(PEEL, &[("dueDate", "2026-05-15")]);
    let view = office.meet([ottoline, lorcan]);
    assert_eq!(field(&view, PEEL, "measure"), "13/20 or more, twice");
    assert_eq!(field(&view, PEEL, "dueDate"), "2026-05-15");

    // 3. Each stays under 520.00, and together they go over: flagged, a reason asked, nobody's row lost; then mended.
    let [maths, mentor, tuition] = [RATIO, PASS, PEEL].map(|target| fund_of(&view, target));
    let mut ottoline = office.goes_off_line("ottoline");
    ottoline.fund(RATIO, &maths, &[("unitCost", "15.00")]);
    for (target, fund) in [(PASS, &mentor), (PEEL, &tuition)] {
        let question = format!("targets.list/{target}/funds");
        ottoline.try_edit(Edit::WithdrawRow { question, key: fund.clone() }).unwrap();
    }
    assert_eq!(office.meet([ottoline]).funding.remaining, Some(40_000));
    let (mut ottoline, mut lorcan) = (office.goes_off_line("ottoline"), office.goes_off_line("lorcan"));
    ottoline.fund(PASS, &mentor, &[("unitCost", "15.00")]);
    lorcan.fund(PEEL, &tuition, &[("unitCost", "38.00")]);
    let view = office.meet([ottoline, lorcan]);
    assert_eq!((view.funding.requested + view.funding.retained, view.funding.over()), (54_400, 2_400));
    assert!(view.gaps.iter().any(|gap| gap.question == "funding.overReason"));
    let mut ottoline = office.goes_off_line("ottoline");
    ottoline.fund(RATIO, &maths, &[("unitCost", "12.00")]);
    let view = office.meet([ottoline]);
    assert_eq!((view.funding.remaining, view.asked.contains("funding.overReason")), (Some(0), false));

    // 4. Opposite choices of tuition are a conflict, which the designated teacher decides.
    let mut ottoline = office.goes_off_line("ottoline");
    ottoline.try_edit(Edit::Clear { question: "funding.tuition".into() }).unwrap();
    office.meet([ottoline]);
    let (mut ottoline, mut lorcan) = (office.goes_off_line("ottoline"), office.goes_off_line("lorcan"));
    ottoline.set("funding.tuition", "school_claims");
    lorcan.set("funding.tuition", "vs_retains");
    let view = office.meet([ottoline, lorcan]);
    assert_eq!(claimed(&view.answers["funding.tuition"]).len(), 2);
    let mut ottoline = office.goes_off_line("ottoline");
    let take = parse_value("funding.tuition", "vs_retains").unwrap();
    ottoline.try_edit(Edit::Resolve { question: "funding.tuition".into(), take }).unwrap();
    assert!(conflicts(&office.meet([ottoline]), &office.plan.pep).is_empty());

    // 8. Two replicas work out the same next date; then Odile sets it, and hers counts.
    office.until("2026-02-27");
    let date = "2026-06-04".parse().unwrap();
    let (odile, mut ottoline) = (office.goes_off_line("odile"), office.goes_off_line("ottoline"));
    let at = |laptop: &Laptop| read(Documents::main(&laptop.main), &laptop.pep, &|_| None).next_date;
    assert_eq!((at(&odile), at(&ottoline)), (Some(NextDate { date, provisional: true }), at(&odile)));
    let mut odile = odile;
    odile.set("meeting.nextDate", "2026-06-04");

    // 6. She signs page 10 on the train. Ottoline's contact of Carys, corrected meanwhile, is no reason to sign again; a change
    // in page 9 after the designated teacher signed is one, and goes back to her alone.
    let signing =
        Signing { question: "signoff.sw", key: Uuid::from_u128(6), on: "2026-02-27".parse().unwrap(), comment: "" };
    let (pep, hers) = (odile.pep.clone(), odile.writer);
    sign(&mut odile.main, &pep, &hers, signing, TUESDAY).unwrap();
    ottoline.row("people.carers", &[("person", "Carys Wexcombe"), ("relationship", "Foster carer, 01632 960178")]);
    let view = office.meet([odile, ottoline]);
    assert_eq!(view.next_date, Some(NextDate { date, provisional: false }));
    assert!(
        stands(&view, "signoff.sw") && stands(&view, "signoff.dt"),
        "{:?}",
        view.sign_offs.iter().map(|s| &s.why).collect::<Vec<_>>()
    );
    let mut ottoline = office.goes_off_line("ottoline");
    ottoline.target(PASS, &[("purpose", "So that I can cool down and still be in the lesson, and be believed")]);
    let view = office.meet([ottoline]);
    assert!(stands(&view, "signoff.sw") && !stands(&view, "signoff.dt"));

    // 9. Odile and Ottoline begin the summer apart: it is one plan.
    let (year, term) = parse_term("2025/26-summer").unwrap();
    let summer = Pep { year, term, ..office.plan.pep.clone() };
    let begin = |name: &str, number: u8, question: &str| {
        let (_, writer) = office.plan.writer(name).unwrap();
        let mut main = from_genesis(&summer, DocumentKind::Main, ActorId::from([number; 16]));
        let edit =
            Edit::Rewrite { question: question.into(), text: "Idris begins the summer with three paragraphs.".into() };
        apply(&mut main, &summer, DocumentKind::Main, &writer, &[edit], TUESDAY).unwrap();
        main
    };
    let (mut hers, mut theirs) = (begin("odile", 1, "care.story"), begin("ottoline", 2, "progress.goingWell"));
    hers.merge(&mut theirs).unwrap();
    theirs.merge(&mut hers).unwrap();
    assert_eq!(hers.get_heads(), theirs.get_heads());
    let view = read(Documents::main(&hers), &summer, &|_| None);
    assert!(conflicts(&view, &summer).is_empty());
    assert_eq!(text(&view, "care.story"), text(&view, "progress.goingWell"));
}
