//! A copy of a plan to read, print or hand on: one document without links, scripts or anything to press, for one kind of
//! reader, which says what it holds and what it leaves out.

use participant::Zone;
use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, html};
use plan::{
    Answer, Cell, ChangeHash, Column, DocumentKind, Kind, Page, Pep, Question, Role, Row, SignOff, Target, Value, View,
};
use ring::digest::{SHA256, digest};

use super::{
    assets, child_copy,
    field::Ask,
    kit,
    sections::{block_title, blocks, group},
    text,
};
use participant::words::{self, counted};

/// Letters that the columns of a table may need beside each other on a sheet; rows of wider ones stand under one another.
const LETTERS_ABREAST: usize = 100;
/// Letters of a cell that ask for room in its column; longer ones run over several lines.
const CELL_LETTERS: usize = 22;
/// Letters of the longest word that a column of a table may hold; a column is never narrower than its words.
const WORD_LETTERS: usize = 30;
/// Letters of an answer that stands beside its question and not beneath it.
const SHORT: usize = 60;

/// Whom a copy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Everybody at the meeting: what the whole team may read.
    Meeting,
    /// The carer.
    Carer,
    /// The child or young person.
    Child,
    /// A school that takes the child on.
    School,
    /// The person who makes it: everything they may read.
    Myself,
}

/// Which version a copy shows.
#[derive(Clone, Copy)]
pub enum Version<'a> {
    /// As it is on this device.
    Now {
        /// The moment, in Unix seconds.
        at: i64,
        /// The heads of its documents.
        heads: &'a [ChangeHash],
    },
    /// As somebody signed it.
    Signed(&'a SignOff),
}

/// What a copy shows.
#[derive(Clone, Copy)]
pub struct Copy<'a> {
    /// The plan.
    pub pep: &'a Pep,
    /// What the child is called.
    pub name: &'a str,
    /// The council.
    pub council: &'a str,
    /// The plan as it is in this version.
    pub view: &'a View,
    /// Which version.
    pub version: Version<'a>,
    /// For whom.
    pub reader: Reader,
    /// Which sections, each a page of the process and a block on it; empty: all.
    pub parts: &'a BTreeSet<(String, String)>,
    /// Questions without an answer are shown, too.
    pub with_gaps: bool,
    /// The time zone in which moments are said.
    pub zone: Zone,
}

impl Reader {
    /// All of them.
    pub const ALL: [Reader; 5] = [Reader::Meeting, Reader::Carer, Reader::Child, Reader::School, Reader::Myself];

    /// As addresses and `pep export --for` name it.
    pub fn word(self) -> &'static str {
        match self {
            Reader::Meeting => "meeting",
            Reader::Carer => "carer",
            Reader::Child => "child",
            Reader::School => "school",
            Reader::Myself => "me",
        }
    }

    /// The reader of this word.
    pub fn of(word: &str) -> Option<Reader> {
        Reader::ALL.into_iter().find(|reader| reader.word() == word)
    }

    /// As people know them.
    pub fn label(self) -> &'static str {
        match self {
            Reader::Meeting => "Everyone at the meeting",
            Reader::Carer => "The carer",
            Reader::Child => "The child or young person",
            Reader::School => "A new school",
            Reader::Myself => "Yourself",
        }
    }

    /// Whether this reader may have what is kept in a document. A new school has who may collect the child; what is told in
    /// confidence about the family or by the child it gets from them, or when it is on the child's team.
    pub fn may_have(self, kind: DocumentKind) -> bool {
        match self {
            Reader::Meeting => Role::ALL.iter().all(|role| kind.readers().contains(role)),
            Reader::Carer => kind.readers().contains(&Role::Carer),
            Reader::Child => kind.readers().contains(&Role::YoungPerson),
            Reader::School => matches!(kind, DocumentKind::Main | DocumentKind::Contact),
            Reader::Myself => true,
        }
    }

    /// What is left out of a copy for this reader, in a sentence.
    pub fn leaves_out(self) -> String {
        let mut out: Vec<&str> = DocumentKind::ALL
            .iter()
            .filter(|kind| !self.may_have(**kind))
            .map(|kind| match kind {
                DocumentKind::Main => "the plan",
                DocumentKind::Contact => "contact and collection",
                DocumentKind::Family => "parents and family",
                DocumentKind::PrivateVoice => "what the child wants only some people to see",
                DocumentKind::Quality => "working notes of the Virtual School",
            })
            .collect();
        out.push("comments");
        let last = out.pop().unwrap_or_default();
        if out.is_empty() {
            format!("It leaves out {last}.")
        } else {
            format!("It leaves out {} and {last}.", out.join(", "))
        }
    }
}

impl Copy<'_> {
    /// Whether the copy holds a question.
    fn holds(&self, question: &Question) -> bool {
        self.reader.may_have(question.document())
            && !self.view.hidden.contains_key(question.id.as_str())
            && !question.is_sign_off()
            && *self.answer(question) != Answer::Elsewhere
    }

    fn answer(&self, question: &Question) -> &Answer {
        self.view.answers.get(question.id.as_str()).unwrap_or(&Answer::Missing)
    }

    fn is_answered(&self, question: &Question) -> bool {
        let answered = match self.answer(question) {
            Answer::Missing | Answer::Elsewhere => false,
            Answer::Table(rows) => rows.iter().any(Row::counts),
            Answer::Targets { .. } => self.view.targets.iter().any(|target| target.row.counts()),
            _ => true,
        };
        answered || self.view.excuses.contains_key(question.id.as_str())
    }

    /// Whether a question is in the copy: held, and in a section that was chosen.
    fn has(&self, id: &str) -> bool {
        let Some(question) = plan::bank().question(id).filter(|question| self.holds(question)) else { return false };
        let pages = &self.pep.process().pages;
        pages.iter().any(|page| page.questions.iter().any(|on| on.id == id) && self.has_part(&page.id, &question.block))
    }

    fn has_part(&self, page: &str, block: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|(known, part)| known == page && part == block)
    }
}

/// The copy as one HTML file that needs nothing else. What it may do is written in it: nothing but show its own style.
pub fn file(copy: &Copy<'_>) -> String {
    let style = style();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        STANDARD.encode(digest(&SHA256, style.as_bytes()))
    );
    let page = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="referrer" content="no-referrer";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title(copy)) }
                // It has no letter that would have to be escaped (a test keeps it so): it stands in the file as it is.
                style { (style) }
            }
            body class="pep-copy-page" { main { (article(copy)) } }
        }
    };
    page.into_string()
}

fn style() -> &'static str {
    let style = assets::ASSETS.iter().find(|asset| asset.name == "copy.css");
    style.and_then(|asset| std::str::from_utf8(asset.bytes).ok()).unwrap_or_default()
}

/// The title of a copy.
pub fn title(copy: &Copy<'_>) -> String {
    format!("{}’s plan, {}", copy.name, words::sitting(copy.pep))
}

/// The copy itself: an `article` with the first heading of its page.
pub fn article(copy: &Copy<'_>) -> Markup {
    let process = copy.pep.process();
    let child = copy.reader == Reader::Child;
    let mut ordered: Vec<&Page> = process.pages.iter().collect();
    if child {
        // Their own words come first.
        ordered.sort_by_key(|page| !page.questions.iter().any(|question| question.block == "voice"));
    }
    let pages = ordered.into_iter().filter_map(|page| {
        let parts: Vec<Markup> = blocks(page)
            .into_iter()
            .filter(|block| copy.has_part(&page.id, block))
            .filter_map(|block| section(copy, block, &group(page, block)))
            .collect();
        (!parts.is_empty()).then_some((page, parts))
    });
    html! {
        article class="pep-copy" {
            header {
                p class="pep-copy__from" { (copy.council) @if !copy.council.is_empty() { ". " } "Personal Education Plan" }
                h1 { (copy.name) "’s plan" }
                p class="pep-copy__sitting" { (words::sitting(copy.pep)) }
                @if !copy.pep.counts() { p class="pep-copy__sitting" { strong { "Withdrawn: begun by mistake. It counts nowhere." } } }
                (about(copy))
            }
            @if child { (child_copy::first_sheet(copy.view, &|question| copy.has(question))) }
            @for (page, parts) in pages {
                section class="pep-copy__page" {
                    h2 { (page.title) }
                    @for part in &parts { (part) }
                }
            }
            (signatures(copy))
        }
    }
}

/// Which version it is, for whom, and what it leaves out.
fn about(copy: &Copy<'_>) -> Markup {
    let label = |id: &str| plan::bank().question(id).map_or_else(|| id.to_owned(), |question| question.label.clone());
    let signed = copy.view.sign_offs.iter().rfind(|made| made.question == "signoff.vs" && made.stands);
    let mut facts: Vec<(&str, String)> = Vec::new();
    match copy.version {
        Version::Now { at, heads } => {
            facts.push(("As at", words::moment(at, copy.zone)));
            if let Some(made) = signed {
                facts.push(("Signed off", format!("on {} by {}", words::date(made.on), words::name(&made.by))));
                let since: Vec<String> = copy.view.changed_since_sign_off.iter().map(|id| label(id)).collect();
                let since = if since.is_empty() { "Nothing".to_owned() } else { since.join("; ") };
                facts.push(("Changed since", since));
            } else {
                facts.push(("Signed off", "Not yet".to_owned()));
            }
            let short = heads.iter().map(|head| hex::encode(head.0).chars().take(8).collect::<String>());
            let short = short.collect::<Vec<_>>().join(", ");
            facts.push(("Version", format!("{short}, with every change up to it")));
        }
        Version::Signed(made) => {
            let version = format!(
                "As {} signed it on {}: “{}”",
                words::name(&made.by),
                words::date(made.on),
                label(made.question)
            );
            facts.push(("Version", version));
            facts.push(("Hash of what was signed", made.hash.clone()));
        }
    }
    facts.push(("For", copy.reader.label().to_owned()));
    html! {
        dl class="pep-copy__facts" {
            @for (name, fact) in &facts { div { dt { (name) } dd { (fact) } } }
        }
        p {
            "This is a copy; the plan itself goes on being written. " (copy.reader.leaves_out())
            @if !copy.parts.is_empty() { " It holds only the sections that were chosen." }
            @if matches!(copy.version, Version::Signed(_)) { " Parts that are shared with only some people are not in what is signed." }
        }
    }
}

fn section(copy: &Copy<'_>, block: &str, questions: &[&'static Question]) -> Option<Markup> {
    let held: Vec<&'static Question> = questions.iter().copied().filter(|question| copy.holds(question)).collect();
    let (answered, open): (Vec<&Question>, Vec<&Question>) =
        held.iter().copied().partition(|question| copy.is_answered(question));
    let asked = |question: &&&Question| copy.view.asked.contains(question.id.as_str()) && !question.computed;
    let open = open.iter().filter(asked).count();
    if answered.is_empty() && (open == 0 || !copy.with_gaps) {
        return None;
    }
    let shown = held.iter().filter(|question| {
        copy.is_answered(question)
            || (copy.with_gaps && copy.view.asked.contains(question.id.as_str()) && !question.computed)
    });
    Some(html! {
        section class="pep-copy__part" {
            h3 { (block_title(block)) }
            @for question in shown { (one(copy, question)) }
            @if open > 0 && !copy.with_gaps {
                p class="pep-copy__note" { (counted(open, "question")) " in this section " @if open == 1 { "has" } @else { "have" } " no answer yet." }
            }
        }
    })
}

fn one(copy: &Copy<'_>, question: &'static Question) -> Markup {
    let ask = Ask::question(question);
    let class = match copy.answer(question) {
        Answer::Table(_) | Answer::Targets { .. } => "pep-copy__answer",
        _ => match text::of_answer(copy.pep, copy.view, question) {
            // Of more than half a sheet: kept together it would leave the sheet before it empty.
            text if text.chars().count() > 1_200 || text.lines().count() > 14 => {
                "pep-copy__answer pep-copy__answer--long"
            }
            text if text.chars().count() <= SHORT && !text.contains('\n') => "pep-copy__answer pep-copy__answer--short",
            _ => "pep-copy__answer",
        },
    };
    html! {
        div class=(class) {
            h4 { (question.label) }
            div {
                @match copy.answer(question) {
                    Answer::Missing | Answer::Elsewhere => {
                        @if !copy.view.excuses.contains_key(question.id.as_str()) { p class="pep-copy__note" { "No answer yet" } }
                    }
                    Answer::Value(value) => p { (kit::typed(&text::of_question(copy.pep, &ask, value))) },
                    Answer::Computed(value) => p { (kit::typed(&text::of_question(copy.pep, &ask, value))) " (worked out)" },
                    Answer::Disputed(claims) => {
                        p { "There are two answers. Nobody has chosen between them yet." }
                        ul { @for claim in claims { li { (kit::typed(&text::of_question(copy.pep, &ask, &claim.value))) " - " (words::name(&claim.by)) ", " (words::moment(claim.at, copy.zone)) } } }
                    }
                    Answer::Text { text } => p { (kit::typed(text)) },
                    Answer::Voices(voices) => @for voice in voices {
                        p { (kit::typed(&voice.text)) }
                        p class="pep-copy__note" { (words::name(&voice.by)) }
                    },
                    Answer::Set(ticked) => ul { @for word in ticked { li { (question.label_of(word)) } } },
                    Answer::Table(rows) => (table(copy.pep, copy.view, &question.label, &question.columns, rows)),
                    Answer::Targets { .. } => (targets(copy, question)),
                }
                @for excuse in copy.view.excuses.get(question.id.as_str()).into_iter().flatten() {
                    p {
                        (excuse.why.label())
                        @if !excuse.reason.is_empty() { ": " (kit::typed(&excuse.reason)) }
                        " (" (words::name(&excuse.by)) ")"
                    }
                }
            }
        }
    }
}

fn table(pep: &Pep, view: &View, caption: &str, columns: &'static [Column], rows: &[Row]) -> Markup {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.counts()).collect();
    let used: BTreeSet<&str> = rows.iter().flat_map(|row| row.cells.keys().copied()).collect();
    let columns: Vec<&'static Column> = columns.iter().filter(|column| used.contains(column.id.as_str())).collect();
    let text = |row: &Row, column: &'static Column| {
        row.cells.get(column.id.as_str()).map_or_else(String::new, |cell| text::cell(pep, view, column, cell))
    };
    let letters = |column: &'static Column| {
        let heading = column.label.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        let cells = rows.iter().map(|row| text(row, column).chars().count().min(CELL_LETTERS)).max().unwrap_or(0);
        heading.max(cells) + 2
    };
    let long = |text: String| text.split_whitespace().any(|word| word.chars().count() > WORD_LETTERS);
    let breaks = columns.iter().any(|column| rows.iter().any(|row| long(text(row, column))));
    let fits = !breaks && columns.iter().map(|column| letters(column)).sum::<usize>() <= LETTERS_ABREAST;
    html! {
        @if fits {
            // On a telephone it moves by itself, and the page does not.
            div class="pep-copy__table" tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead { tr { @for column in &columns { th scope="col" { (column.label) } } } }
                    tbody { @for row in &rows {
                        tr { @for (number, column) in columns.iter().enumerate() {
                            @if number == 0 { th scope="row" { (kit::typed(&text(row, column))) } } @else { td { (kit::typed(&text(row, column))) } }
                        } }
                    } }
                }
            }
        } @else {
            @for row in &rows {
                dl class="pep-copy__row" {
                    @for column in columns.iter().filter(|column| row.cells.contains_key(column.id.as_str())) {
                        div { dt { (column.label) } dd { (kit::typed(&text(row, column))) } }
                    }
                }
            }
        }
    }
}

fn targets(copy: &Copy<'_>, question: &'static Question) -> Markup {
    let live: Vec<&Target> = copy.view.targets.iter().filter(|target| target.row.counts()).collect();
    let pounds = plan::pounds;
    html! {
        @for target in live {
            div class="pep-copy__target" {
                h5 { "Target " (target.number) }
                dl class="pep-copy__row" {
                    @for column in question.columns.iter().filter(|column| column.kind != Kind::Table) {
                        @if let Some(cell) = target.row.cells.get(column.id.as_str()) {
                            div { dt { (column.label) } dd { (kit::typed(&text::cell(copy.pep, copy.view, column, cell))) } }
                        }
                    }
                    @if target.requested > 0 { div { dt { "Asked for" } dd { (pounds(target.requested)) } } }
                    @if target.retained > 0 { div { dt { "Kept by the Virtual School" } dd { (pounds(target.retained)) } } }
                }
                @for column in question.columns.iter().filter(|column| column.kind == Kind::Table) {
                    @if let Some(rows) = target.tables.get(column.id.as_str()).filter(|rows| rows.iter().any(Row::counts)) {
                        p class="pep-copy__label" { (column.label) }
                        (table(copy.pep, copy.view, &format!("{}, target {}", column.label, target.number), &column.columns, rows))
                    }
                }
            }
        }
    }
}

fn signatures(copy: &Copy<'_>) -> Markup {
    html! {
        @if !copy.view.sign_offs.is_empty() {
            section class="pep-copy__page" {
                h2 { "Signatures" }
                ul {
                    @for made in &copy.view.sign_offs {
                        li {
                            (plan::bank().question(made.question).map_or(made.question, |question| question.label.as_str()))
                            ": " (words::name(&made.by)) ", " (words::date(made.on))
                            @if made.by.is_none() { " (does not count)" }
                            @else if !made.stands { " (of an earlier version)" }
                            @if let Some(comment) = &made.comment { ": “" (kit::typed(comment)) "”" }
                        }
                    }
                }
            }
        }
    }
}

/// A table of a plan for a spreadsheet: UTF-8 with the mark that spreadsheets look for, lines ended as they expect. No cell is a
/// formula, whatever somebody wrote in it. `None` where the question has no table.
pub fn sheet(question: &'static Question, pep: &Pep, view: &View) -> Option<Vec<u8>> {
    let Some(Answer::Table(rows)) = view.answers.get(question.id.as_str()) else { return None };
    let columns: Vec<&'static Column> = question.columns.iter().filter(|column| column.kind != Kind::Table).collect();
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    // Writing to a Vec does not fail, and every record has as many fields as the first.
    let _ = sheet.write_record(columns.iter().map(|column| harmless(&column.label)));
    for row in rows.iter().filter(|row| row.counts()) {
        let cell = |column: &&'static Column| {
            row.cells.get(column.id.as_str()).map(|cell| sheet_cell(pep, view, column, cell))
        };
        let _ = sheet.write_record(columns.iter().map(|column| harmless(&cell(column).unwrap_or_default())));
    }
    sheet.into_inner().ok()
}

/// A cell as a spreadsheet reads it: numbers and days as such, everything else in words.
fn sheet_cell(pep: &Pep, view: &View, column: &'static Column, cell: &Cell) -> String {
    match cell {
        Cell::Value(value @ (Value::Date(_) | Value::Money(_) | Value::Number(_)))
        | Cell::Computed(value @ (Value::Date(_) | Value::Money(_) | Value::Number(_))) => value.to_string(),
        cell => text::cell(pep, view, column, cell),
    }
}

/// A text that no spreadsheet takes for a formula: with a mark before it that spreadsheets do not show.
fn harmless(text: &str) -> String {
    let begins = text
        .trim_start_matches([' ', '\u{a0}', '\u{feff}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if begins { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_stands_in_a_file_as_it_is() {
        assert!(style().contains(".pep-copy") && !style().contains(['&', '<', '>', '"']));
    }

    #[test]
    fn who_gets_which_part_follows_from_who_may_read_it() {
        let has = |reader: Reader| DocumentKind::ALL.iter().filter(|kind| reader.may_have(**kind)).collect::<Vec<_>>();
        use DocumentKind::{Contact, Main, PrivateVoice};
        assert_eq!(has(Reader::Meeting), [&Main]);
        assert_eq!(has(Reader::Carer), [&Main, &Contact]);
        assert_eq!(has(Reader::Child), [&Main, &PrivateVoice]);
        assert_eq!(has(Reader::School), [&Main, &Contact]);
        assert_eq!(has(Reader::Myself).len(), DocumentKind::ALL.len());
        for reader in Reader::ALL {
            assert_eq!(Reader::of(reader.word()), Some(reader));
            assert!(reader.leaves_out().ends_with("comments."));
        }
        assert_eq!(Reader::Myself.leaves_out(), "It leaves out comments.");
    }

    #[test]
    fn no_cell_of_a_spreadsheet_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u{a0}=1", "＝1"] {
            assert!(harmless(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(harmless("Autumn 2025"), "Autumn 2025");
    }
}
