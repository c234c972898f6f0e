//! A child’s questions, in the pages of their own, one thing at a time: from a plan to questions, and from a form to edits. What
//! the child writes is kept as it comes, never trimmed, corrected or shortened.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use plan::{
    Answer, CELL_MAX, Cell, Cells, Choice, Edit, Kind, LINE_MAX, NotAPicture, PICTURE_BYTES_MAX, Phase, Picture,
    Question, Row, TEXT_MAX, Value, Writer,
};

use participant::{answers, rows};

use super::{
    forms::Lots,
    live::merged,
    model::{Given, Plan},
    request::Pairs,
};

/// How the views were gathered, who wrote them down and when: the pages say it themselves.
const METHOD: &str = "voice.method";
const RECORDED_BY: &str = "voice.recordedBy";
const RECORDED_ON: &str = "voice.recordedOn";
const DECLINED: &str = "voice.declined";
const PICTURE: &str = "voice.picture";
/// Where a form says which picture its page showed.
pub const SAW: &str = "saw";
/// What a picture shows is asked with the picture.
const PICTURE_WORDS: &str = "voice.pictureWords";
/// Choices of `voice.method` that these pages are.
const WROTE_IT: &str = "wrote_it";
const DRAWING: &str = "drawing";
const PHOTOS: &str = "photos";

/// One thing that is asked.
#[derive(Clone, Copy)]
pub struct ChildQuestion {
    /// The question.
    pub question: &'static Question,
    /// What the row is about, where the question is a table of faces or scales.
    pub about: Option<&'static Choice>,
}

/// How it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// One of five faces.
    Faces,
    /// A number from 0 to 10, and why.
    Scale,
    /// A box for words.
    Words,
    /// One of a list.
    Choice,
    /// Somebody's name.
    Name,
    /// A drawing or a photo, and words for it.
    Picture,
}

/// What stands there.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct ChildAnswer {
    /// The words, the number or the word of a choice; empty where there is none.
    pub answer: String,
    /// Why, beside a number; what it shows, beside a picture.
    pub why: String,
}

/// The faces, from the first to the last.
pub const FACES: [&str; 5] = ["Very sad", "Sad", "OK", "Happy", "Very happy"];
/// The numbers of a scale.
pub const SCALE: std::ops::RangeInclusive<i64> = 0..=10;

/// Everything a child of this age is asked in this plan, as far as this device may write it: what they feel, what they say, the
/// meeting, and last what only some people see.
pub fn child_questions(plan: &Plan) -> Vec<ChildQuestion> {
    let Some(phase) = plan.view.phase else { return Vec::new() };
    // What a small child thinks is written down by adults, as they see it; a picture is the child's own.
    let of_age = |question: &Question| phase != Phase::EarlyYears || question.kind == Kind::Picture;
    let own = |question: &&Question| {
        question.block == "voice"
            && question.owners.contains(&plan::Role::YoungPerson)
            && ![METHOD, RECORDED_BY, RECORDED_ON, DECLINED, PICTURE_WORDS].contains(&question.id.as_str())
            && of_age(question)
            && plan.view.asked.contains(question.id.as_str())
            && plan.may_write(question)
    };
    let rank = |question: &Question| match question.kind {
        Kind::Picture => 1,
        _ if question.annex.is_some() => 3,
        Kind::Choice | Kind::Person => 2,
        _ => 0,
    };
    let mut questions: Vec<&'static Question> = plan.pep.process().questions().filter(own).collect();
    questions.sort_by_key(|question| rank(question));
    let each = |question: &'static Question| -> Vec<ChildQuestion> {
        match question.kind {
            Kind::Table => {
                let about = question.column("about").map_or(&[][..], |column| column.options.as_slice());
                about.iter().map(|about| ChildQuestion { question, about: Some(about) }).collect()
            }
            Kind::Text | Kind::LongText | Kind::Choice | Kind::Person | Kind::Picture => {
                vec![ChildQuestion { question, about: None }]
            }
            _ => Vec::new(),
        }
    };
    questions.into_iter().flat_map(each).collect()
}

impl ChildQuestion {
    /// How it is answered.
    pub fn by(&self) -> By {
        match self.question.kind {
            Kind::Table if self.question.column("face").is_some() => By::Faces,
            Kind::Table => By::Scale,
            Kind::Choice => By::Choice,
            Kind::Person => By::Name,
            Kind::Picture => By::Picture,
            _ => By::Words,
        }
    }

    /// The question as it is put to the child.
    pub fn words(&self) -> String {
        let Some(about) = self.about else { return self.question.label.clone() };
        match (self.by(), about.value.as_str()) {
            (By::Faces, _) => format!("How do you feel about {}?", about.label.to_lowercase()),
            (_, "lessons") => "How good are your lessons?".to_owned(),
            (_, "safety") => "How safe do you feel?".to_owned(),
            (_, "friends") => "How good are things with your friends?".to_owned(),
            (_, "getting_help") => "How easy is it to get help?".to_owned(),
            (_, "listened_to") => "How much do people listen to you?".to_owned(),
            _ => format!("How is this for you: {}?", about.label.to_lowercase()),
        }
    }

    /// What 0 and 10 mean.
    pub fn ends(&self) -> (&'static str, &'static str) {
        match self.about.map_or("", |about| about.value.as_str()) {
            "safety" => ("not safe at all", "very safe"),
            "getting_help" => ("not easy at all", "very easy"),
            "listened_to" => ("not at all", "a lot"),
            _ => ("not good at all", "very good"),
        }
    }

    /// The choices, in the order and number in which the plan's process has them.
    pub fn choices(&self, plan: &Plan) -> Vec<&'static Choice> {
        let offered = &plan.pep.process().practice.voice.meeting_options;
        let all = || self.question.options.iter();
        match self.question.id == "voice.meetingChoice" {
            true => offered.iter().filter_map(|word| all().find(|choice| choice.value == *word)).collect(),
            false => all().collect(),
        }
    }

    /// What the child has said here, as far as it stands under the name of whose device this is.
    pub fn said(&self, plan: &Plan) -> ChildAnswer {
        let only = |answer: String| ChildAnswer { answer, why: String::new() };
        match plan.answer(&self.question.id) {
            Answer::Table(rows) => {
                let Some(row) = rows.iter().find(|row| self.is_own(plan, row) && row.counts()) else {
                    return ChildAnswer::default();
                };
                let cell = |id: &str| match row.cells.get(id) {
                    Some(Cell::Value(value)) => value.to_string(),
                    Some(Cell::Text { text }) => text.clone(),
                    _ => String::new(),
                };
                ChildAnswer { answer: cell(self.number()), why: cell("why") }
            }
            _ if self.by() == By::Picture => {
                let picture = match plan.answer(&self.question.id) {
                    Answer::Value(picture) => picture.to_string(),
                    _ => String::new(),
                };
                ChildAnswer { answer: picture, why: plan.own_text(plan.answer(PICTURE_WORDS)).to_owned() }
            }
            Answer::Value(value) => only(value.to_string()),
            answer => only(plan.own_text(answer).to_owned()),
        }
    }

    /// The same as the child reads it again; `None` where nothing was said.
    pub fn read_back(&self, plan: &Plan) -> Option<ChildAnswer> {
        let said = self.said(plan);
        if said == ChildAnswer::default() {
            return None;
        }
        let answer = match self.by() {
            By::Faces => said.answer.parse().ok().and_then(face).unwrap_or(&said.answer).to_owned(),
            By::Scale if !said.answer.is_empty() => format!("{} out of 10", said.answer),
            By::Choice => self.question.label_of(&said.answer).to_owned(),
            By::Scale | By::Words | By::Name | By::Picture => said.answer,
        };
        Some(ChildAnswer { answer, why: said.why })
    }

    /// What a form says, as edits; or what is wrong with it, in words for a child. Every way on from a question comes here.
    pub fn edits(&self, given: &Given, form: &Pairs) -> Result<Lots, String> {
        let (plan, mut lots) = (&given.plan, Lots::default());
        let now = self.said(plan);
        let kind = self.question.document();
        let changed = match self.by() {
            By::Words => false,
            By::Picture => form.get(SAW).is_some_and(|saw| saw != seen_picture(plan)) && sends_picture(form),
            _ => was_changed(form, &now.answer),
        };
        if changed {
            return Err("Somebody just changed this. Look at it, then answer again if you want".to_owned());
        }
        let (answer, why) = match form.get("go") {
            Some("clear") => (Some(String::new()), Some(String::new()).filter(|_| !now.why.is_empty())),
            _ => (
                sent(form, "answer", &now.answer, self.by() == By::Words),
                sent(form, "why", &now.why, self.by() == By::Picture),
            ),
        };
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.encode_utf16().count() > TEXT_MAX);
        let too_long = match self.by() {
            By::Words => long(&answer),
            By::Picture => long(&why),
            _ => false,
        };
        let edits: Vec<Edit> = match self.by() {
            By::Words => answer.map(|text| answers::written(&self.question.id, text, false)).into_iter().collect(),
            By::Choice | By::Name => answer.map(|answer| self.value(plan, answer)).transpose()?.into_iter().collect(),
            By::Faces | By::Scale => self.row(plan, &now, answer, why)?.into_iter().collect(),
            By::Picture => self.picture(plan, answer, why, form)?,
        };
        if too_long {
            return Err("That is more than fits here. Make it shorter".to_owned());
        }
        if !edits.is_empty() {
            let picture = self.by() == By::Picture && form.get("go") != Some("clear") && sends_picture(form);
            edits.into_iter().for_each(|edit| lots.add(kind, edit));
            let method = match (picture, form.get("made")) {
                (true, Some(DRAWING)) => DRAWING,
                (true, _) => PHOTOS,
                (false, _) => WROTE_IT,
            };
            recorded(given, Some(method), &mut lots);
        }
        Ok(lots)
    }

    /// `picture` is what the script made of a drawing or a photo; `file` is a file as it was, where there is no script.
    fn picture(
        &self,
        plan: &Plan,
        answer: Option<String>,
        why: Option<String>,
        form: &Pairs,
    ) -> Result<Vec<Edit>, String> {
        let say = |said| answers::given(self.question, said, &plan.view);
        let mut edits = Vec::new();
        match picture_sent(form) {
            // An answer that was taken away.
            _ if answer.as_deref() == Some("") => edits.push(say(answers::Given::Nothing)),
            Some(sent) => edits.push(say(answers::Given::Value(picture_of(sent)?))),
            None => {}
        }
        edits.extend(why.map(|text| answers::written(PICTURE_WORDS, text, false)));
        Ok(edits)
    }

    fn value(&self, plan: &Plan, answer: String) -> Result<Edit, String> {
        let say = |said| Ok(answers::given(self.question, said, &plan.view));
        let line = |text: &str| text.encode_utf16().count() <= LINE_MAX && !text.chars().any(char::is_control);
        match self.by() {
            _ if answer.trim().is_empty() => say(answers::Given::Nothing),
            By::Choice if self.choices(plan).iter().any(|choice| choice.value == answer) => {
                say(answers::Given::Value(Value::Choice(answer)))
            }
            By::Name if line(&answer) => say(answers::Given::Value(Value::Text(answer))),
            By::Name => Err("That is too long for a name. Make it shorter".to_owned()),
            _ => Err("Choose one of the answers".to_owned()),
        }
    }

    fn row(
        &self,
        plan: &Plan,
        now: &ChildAnswer,
        answer: Option<String>,
        why: Option<String>,
    ) -> Result<Option<Edit>, String> {
        let (Some(about), false) = (self.about, answer.is_none() && why.is_none()) else { return Ok(None) };
        let question = self.question.id.clone();
        let number = |text: &String| match (text.is_empty(), self.allowed(text)) {
            (true, _) => Ok(None),
            (false, Some(number)) => Ok(Some(Value::Number(plan::Number::from_hundredths(number * 100)))),
            (false, None) => Err("Choose one of the answers".to_owned()),
        };
        let after = ChildAnswer {
            answer: answer.clone().unwrap_or_else(|| now.answer.clone()),
            why: why.clone().unwrap_or_else(|| now.why.clone()),
        };
        let mut cells = Cells::from([("about".to_owned(), Some(Value::Choice(about.value.clone())))]);
        let writer = Writer::new(plan.person, plan.role);
        let key = plan::row_key(&question, &cells, &writer, &mut || [0; 16])
            .map_err(|refused| super::text::refused(&refused))?;
        if after == ChildAnswer::default() {
            return Ok(Some(rows::withdrawn(&question, &key)).filter(|_| *now != ChildAnswer::default()));
        }
        if let Some(answer) = &answer {
            cells.insert(self.number().to_owned(), number(answer)?);
        }
        if let Some(why) = why {
            if why.encode_utf16().count() > CELL_MAX {
                return Err("That is more than fits here. Make it shorter".to_owned());
            }
            cells.insert("why".to_owned(), (!why.is_empty()).then_some(Value::Text(why)));
        }
        Ok(Some(rows::changed(&question, &key, cells)))
    }

    /// The number that a form may say here.
    fn allowed(&self, text: &str) -> Option<i64> {
        let number = text.parse().ok()?;
        match self.by() {
            By::Faces => face(number).map(|_| number),
            _ => Some(number).filter(|number| SCALE.contains(number)),
        }
    }

    /// The column that holds the number.
    fn number(&self) -> &'static str {
        if self.by() == By::Faces { "face" } else { "score" }
    }

    fn is_own(&self, plan: &Plan, row: &Row) -> bool {
        let about = Some(Value::Choice(self.about.map_or_else(String::new, |about| about.value.clone())));
        let same = matches!(row.cells.get("about"), Some(Cell::Value(value)) if Some(value) == about.as_ref());
        same && row.key.ends_with(&format!("+{}", plan.person))
    }
}

/// That the child does not want to answer this time.
pub fn decline(given: &Given) -> Lots {
    let mut lots = Lots::default();
    if may_write(&given.plan, DECLINED) && *given.plan.answer(DECLINED) != Answer::Value(Value::YesNo(true)) {
        say(&given.plan, DECLINED, answers::Given::Value(Value::YesNo(true)), &mut lots);
        recorded(given, None, &mut lots);
    }
    lots
}

/// Whether the child can say here that they do not want to answer.
pub fn may_decline(plan: &Plan) -> bool {
    may_write(plan, DECLINED)
}

/// The words of a face.
pub fn face(number: i64) -> Option<&'static str> {
    FACES.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// Says with an answer how it was gathered, by whom and when, where that is not said yet. What adults said of it stays.
fn recorded(given: &Given, method: Option<&str>, lots: &mut Lots) {
    let plan = &given.plan;
    let mut choose = |id: &str, value: Value| say(plan, id, answers::Given::Value(value), lots);
    if let Some(method) = method {
        let mut words = match plan.answer(METHOD) {
            Answer::Set(words) | Answer::Value(Value::Set(words)) => words.clone(),
            _ => BTreeSet::new(),
        };
        if words.insert(method.to_owned()) {
            choose(METHOD, Value::Set(words));
        }
    }
    if *plan.answer(RECORDED_ON) != Answer::Value(Value::Date(plan.today)) {
        choose(RECORDED_ON, Value::Date(plan.today));
    }
    let ours: String = given.recorder().chars().filter(|c| !c.is_control()).collect();
    let whole = match plan.answer(RECORDED_BY) {
        Answer::Missing => Some(ours),
        Answer::Value(Value::Text(before)) if !before.contains(&ours) => Some(format!("{before}; {ours}")),
        // Two answers are for an adult to choose between.
        _ => None,
    };
    if let Some(whole) = whole.filter(|whole| whole.encode_utf16().count() <= LINE_MAX) {
        choose(RECORDED_BY, Value::Text(whole));
    }
    if method.is_some() && *plan.answer(DECLINED) == Answer::Value(Value::YesNo(true)) {
        say(plan, DECLINED, answers::Given::Nothing, lots);
    }
}

/// Says something to a question of the plan itself, where whose device it is may.
fn say(plan: &Plan, id: &str, said: answers::Given, lots: &mut Lots) {
    if let Some(question) = plan::bank().question(id).filter(|question| plan.may_write(question)) {
        lots.add(question.document(), answers::given(question, said, &plan.view));
    }
}

/// A picture as a form brings it, as the plan keeps it; or what is wrong with it.
pub fn picture_of(sent: &str) -> Result<Value, String> {
    let bytes = STANDARD.decode(sent.split_once(";base64,").map_or(sent, |(_, data)| data));
    let picture = bytes.map_err(|_| NotAPicture::Unknown).and_then(|bytes| Picture::of_file(&bytes));
    picture.map(Value::Picture).map_err(|no| match no {
        NotAPicture::TooLarge { .. } => {
            format!("That picture is too big. It can be {} kB at most", PICTURE_BYTES_MAX / 1000)
        }
        NotAPicture::Unknown => "That is not a picture that can be kept. Choose a photo or a drawing".to_owned(),
    })
}

/// The picture that a form brings.
pub fn picture_sent(form: &Pairs) -> Option<&str> {
    ["picture", "file"].iter().filter_map(|name| form.get(name)).find(|sent| !sent.is_empty())
}

/// Whether a form puts another picture in the place of the one that is there, or takes that away.
fn sends_picture(form: &Pairs) -> bool {
    picture_sent(form).is_some() || form.get("go") == Some("clear")
}

/// What tells the picture that is there from any other.
pub fn seen_picture(plan: &Plan) -> String {
    match plan.answer(PICTURE) {
        Answer::Value(Value::Picture(picture)) => plan.word_for(picture.base64()),
        _ => String::new(),
    }
}

/// What was changed in a field; `None` where nothing was. The form says what the page showed (`kept`), and what it sent last and
/// has had no answer to (`tried`): where a box holds something else now, a second window wrote it, and both stay.
fn sent(form: &Pairs, name: &str, now: &str, is_text: bool) -> Option<String> {
    let sent = form.get(name)?;
    let kept = form.get(&format!("{name}~kept")).unwrap_or_default();
    if sent == kept || sent == now {
        return None;
    }
    let tried = form.get(&format!("{name}~tried"));
    let whole = now == kept || Some(now) == tried;
    Some(if whole || !is_text { sent.to_owned() } else { merged(kept, sent, now) })
}

/// Whether a field holds something else than its page showed and than what comes now: a second window wrote it.
fn was_changed(form: &Pairs, now: &str) -> bool {
    let sent = if form.get("go") == Some("clear") { Some("") } else { form.get("answer") };
    let (Some(sent), Some(kept)) = (sent, form.get("answer~kept")) else { return false };
    let tried = form.get("answer~tried");
    sent != kept && sent != now && now != kept && Some(now) != tried
}

fn may_write(plan: &Plan, id: &str) -> bool {
    plan::bank().question(id).is_some_and(|question| plan.may_write(question))
}
