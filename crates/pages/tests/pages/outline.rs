//! A page as people meet it, in few lines: headings, words, labels with what stands in them, tables, buttons and where links lead. How
//! it is marked up is left out, and what stands around every page but the way back and the menu's place.
//!
//! Ids and hashes are `~`. What a page says again at every question is said once: links to comments and history, and what opens with
//! the same inside. A region is not told from other words.

use std::{collections::BTreeSet, rc::Rc};

use html5ever::{parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Node, NodeData, RcDom};

/// Choices of a list that are named; of more only how many there are is said.
const NAMED: usize = 6;

/// What stands before the words of an element that begins a line of its own.
const BLOCKS: [(&str, &str); 10] = [
    ("h1", "# "),
    ("h2", "## "),
    ("h3", "### "),
    ("h4", "#### "),
    ("p", ""),
    ("li", "- "),
    ("legend", "? "),
    ("aside", ""),
    ("figcaption", ""),
    ("canvas", "a place to draw"),
];

/// What a page shows, as lines. `status`: of the answer.
pub fn outline(status: u16, html: &str) -> String {
    let page = parse_document(RcDom::default(), Default::default()).one(html);
    let mut out = Outline::default();
    let title = find(&page.document, &|node| name(node) == "title").map_or(String::new(), |title| all_text(&title));
    out.line(&format!("{status} {title}"));
    if let Some(back) = find(&page.document, &|node| has_class(node, "govuk-back-link")) {
        out.line(&format!("< {}", out.inline(&back)));
    }
    if let Some(tip) = find(&page.document, &|node| name(node) == "aside") {
        out.line(&out.inside(&tip));
    }
    match find(&page.document, &|node| name(node) == "main") {
        Some(main) => out.children(&main),
        None => out.line("no main part"),
    }
    out.lines.join("\n") + "\n"
}

/// What stands around a page: its head, menu, how far it is shared, foot.
pub fn around(html: &str) -> String {
    let page = parse_document(RcDom::default(), Default::default()).one(html);
    let mut out = Outline::default();
    for part in ["header", "section", "footer"] {
        for node in find_all(&page.document, &|node| name(node) == part && attribute(node, "class").is_some()) {
            out.line(&format!("[{part}]"));
            out.children(&node);
        }
    }
    out.lines.join("\n") + "\n"
}

#[derive(Default)]
struct Outline {
    lines: Vec<String>,
    depth: usize,
    /// Kinds of links that were shown already, and insides of what opens.
    said: BTreeSet<String>,
}

impl Outline {
    fn line(&mut self, words: &str) {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            self.lines.push(format!("{}{words}", "  ".repeat(self.depth)));
        }
    }

    fn deeper(&mut self, node: &Rc<Node>) {
        self.depth += 1;
        self.children(node);
        self.depth -= 1;
    }

    /// Everything inside an element; words that stand free in it are a line.
    fn children(&mut self, node: &Rc<Node>) {
        let mut free = String::new();
        for child in node.children.borrow().iter() {
            if is_block(child) {
                self.line(&std::mem::take(&mut free));
                self.block(child);
            } else {
                free += &self.inside(child);
            }
        }
        self.line(&free);
    }

    fn block(&mut self, node: &Rc<Node>) {
        let tag = name(node);
        if attribute(node, "hidden").is_some() {
            return;
        }
        match tag.as_str() {
            "form" => {
                let action = attribute(node, "action").unwrap_or_default();
                let method = attribute(node, "method").unwrap_or_default();
                self.line(&format!("form {method} {}", short(&action)));
                self.deeper(node);
            }
            "input" | "textarea" | "select" => self.field(node, ""),
            "button" => {
                let words = self.inline(node);
                self.line(&words);
            }
            "details" => self.details(node),
            "table" => self.table(node),
            "dl" => self.facts(node),
            "label" if attribute(node, "for").is_some() => {}
            "legend" => {
                let mark = if find(node, &|node| name(node) == "h1").is_some() { "# " } else { "? " };
                let words = self.inline(node);
                self.line(&format!("{mark}{words}"));
            }
            // A line for a task, for the three fields of a day, and for choices of which none asks for more.
            _ if ["govuk-task-list__item", "govuk-date-input"].iter().any(|class| has_class(node, class)) => {
                let mut inside = Outline { said: self.said.clone(), ..Outline::default() };
                inside.children(node);
                let mark = if tag == "li" { "- " } else { "" };
                self.line(&format!("{mark}{}", inside.lines.join(" ").replace("  ", " ")));
            }
            _ if has_class(node, "govuk-radios") && only_choices(node) => self.choices(node),
            _ if has_class(node, "pep-remarks") => {
                let words = self.inline(node);
                if self.said.insert("remarks".to_owned()) || !words.starts_with("[Comment on") {
                    self.line(&words);
                }
            }
            "nav" if attribute(node, "aria-label").as_deref() == Some("Back") => {}
            "section" | "div" if has_class(node, "govuk-error-summary") => self.mistakes(node),
            _ if has_class(node, "govuk-hint") && is_of_a_field(node) => {}
            _ if has_class(node, "govuk-error-message") => {
                let words = self.inline(node);
                self.line(&format!("! {}", words.trim_start_matches("Error: ")));
            }
            _ => match BLOCKS.iter().find(|(known, _)| *known == tag) {
                Some((_, mark)) if !holds_block(node) => {
                    let words = self.inside(node);
                    if !words.trim().is_empty() || !mark.trim().ends_with('-') {
                        self.line(&format!("{mark}{words}"));
                    }
                }
                Some(("li", _)) => {
                    let before = self.lines.len();
                    self.children(node);
                    // The mark of a list stands before the first line of what it holds.
                    if let Some(first) = self.lines.get_mut(before) {
                        let at = first.len() - first.trim_start().len();
                        first.insert_str(at, "- ");
                    }
                }
                _ => self.children(node),
            },
        }
    }

    /// A field with its label, what stands in it, its hint and where it is one of several.
    fn field(&mut self, node: &Rc<Node>, _: &str) {
        let root = root_of(node);
        let id = attribute(node, "id").unwrap_or_default();
        let label = find(&root, &|other| name(other) == "label" && attribute(other, "for").as_deref() == Some(&id));
        let label = label.map_or_else(|| attribute(node, "aria-label").unwrap_or_default(), |label| all_text(&label));
        let label = if label.trim().is_empty() { "no label".to_owned() } else { label };
        let value = attribute(node, "value").unwrap_or_default();
        let on = attribute(node, "checked").is_some();
        let shown = match (name(node).as_str(), attribute(node, "type").as_deref()) {
            (_, Some("hidden")) => return,
            ("input", Some("radio")) => format!("({}) {label}", if on { "o" } else { " " }),
            ("input", Some("checkbox")) => format!("[{}] {label}", if on { "x" } else { " " }),
            ("input", Some("file")) => format!("{label}: a file"),
            ("textarea", _) => format!("{label}: [{}]", all_text(node).replace('\n', " / ")),
            ("select", _) => format!("{label}: {}", choices(node)),
            _ => format!("{label}: [{value}]"),
        };
        let described = attribute(node, "aria-describedby").unwrap_or_default();
        let hints =
            described.split(' ').filter_map(|id| find(&root, &|other| attribute(other, "id").as_deref() == Some(id)));
        let hints: Vec<String> =
            hints.filter(|hint| has_class(hint, "govuk-hint")).map(|hint| all_text(&hint)).collect();
        let hints = hints.join(" ");
        let hints = if hints.trim().is_empty() { String::new() } else { format!(" ({})", hints.trim()) };
        let shown = short(&format!("{shown}{hints}"));
        self.line(&shown);
    }

    /// Which of several is chosen; each by name where they are few.
    fn choices(&mut self, node: &Rc<Node>) {
        let all = find_all(node, &|node| name(node) == "input");
        let mut inside = Outline::default();
        for one in &all {
            inside.field(one, "");
        }
        if inside.lines.len() <= NAMED {
            self.line(&inside.lines.join(" "));
        } else {
            let chosen = inside.lines.iter().find(|line| line.starts_with("(o)"));
            self.line(&format!("{}, of {} choices", chosen.map_or("none chosen", String::as_str), all.len()));
        }
    }

    fn details(&mut self, node: &Rc<Node>) {
        let title = find(node, &|node| name(node) == "summary").map_or(String::new(), |title| self.inline(&title));
        let mut inside = Outline { said: self.said.clone(), ..Outline::default() };
        for child in node.children.borrow().iter().filter(|child| name(child) != "summary") {
            if is_block(child) { inside.block(child) } else { inside.line(&inside.inside(child)) }
        }
        let mark = if attribute(node, "open").is_some() { "v" } else { ">" };
        self.line(&format!("{mark} {title}"));
        // What it is about differs from question to question; what was said or chosen in it counts.
        let told = |line: &String| format!("{}{}", line.split(':').next().unwrap_or(line), line.ends_with("[]"));
        if self.said.insert(inside.lines.iter().map(told).collect::<Vec<_>>().join("\n")) {
            self.lines.extend(inside.lines.iter().map(|line| format!("{}{line}", "  ".repeat(self.depth + 1))));
            self.said.extend(inside.said);
        }
    }

    fn table(&mut self, node: &Rc<Node>) {
        for row in find_all(node, &|node| name(node) == "tr") {
            let cells = find_all(&row, &|node| matches!(name(node).as_str(), "th" | "td"));
            let cells: Vec<String> = cells.iter().map(|cell| squeezed(&self.inside(cell))).collect();
            self.line(&format!("| {} |", cells.join(" | ")));
        }
    }

    fn facts(&mut self, node: &Rc<Node>) {
        for row in find_all(node, &|node| name(node) == "dt") {
            let key = self.inline(&row);
            let parent = parent_of(&row);
            let values = parent.children.borrow();
            let after = values.iter().skip_while(|other| !Rc::ptr_eq(other, &row)).skip(1);
            let values: Vec<String> = after
                .take_while(|other| name(other) != "dt")
                .filter(|other| name(other) == "dd")
                .map(|dd| squeezed(&self.inside(dd)))
                .collect();
            self.line(&format!("{key}: {}", values.join(" | ")));
        }
    }

    fn mistakes(&mut self, node: &Rc<Node>) {
        let title = find(node, &|node| name(node) == "h2").map_or(String::new(), |title| all_text(&title));
        for one in find_all(node, &|node| name(node) == "li") {
            let words = self.inline(&one);
            self.line(&format!("! {title}: {words}"));
        }
    }

    /// The words of an element in one line, with where its links lead.
    fn inline(&self, node: &Rc<Node>) -> String {
        squeezed(&self.inside(node))
    }

    fn inside(&self, node: &Rc<Node>) -> String {
        if let NodeData::Text { contents } = &node.data {
            return contents.borrow().to_string();
        }
        if attribute(node, "hidden").is_some() {
            return String::new();
        }
        let words: String = node.children.borrow().iter().map(|child| self.inside(child)).collect();
        match name(node).as_str() {
            "a" => link(&words, &attribute(node, "href").unwrap_or_default()),
            "strong" if has_class(node, "govuk-tag") => format!("{{{}}}", squeezed(&words)),
            "img" => format!("image “{}”", attribute(node, "alt").unwrap_or_default()),
            "ins" => format!("+{}+", squeezed(&words).trim_start_matches("Added: ")),
            "del" => format!("-{}-", squeezed(&words).trim_start_matches("Removed: ")),
            "br" => " / ".to_owned(),
            "button" => format!("<{}>", squeezed(&words)),
            "script" | "style" => String::new(),
            tag if is_block(node) && tag != "span" => format!(" {words} "),
            _ => words,
        }
    }
}

/// A link: its words, and where it leads.
fn link(words: &str, href: &str) -> String {
    format!("[{}]({})", squeezed(words), short(href))
}

/// The choices of a list: what is chosen, and what else there is.
fn choices(node: &Rc<Node>) -> String {
    let options = find_all(node, &|node| name(node) == "option");
    let chosen = options.iter().find(|option| attribute(option, "selected").is_some()).or(options.first());
    let chosen = chosen.map_or(String::new(), |option| squeezed(&all_text(option)));
    let all: Vec<String> = options.iter().map(|option| squeezed(&all_text(option))).collect();
    match all.len() {
        n if n > NAMED => format!("[{chosen}] of {n}"),
        _ => format!("[{chosen}] of {}", all.join(", ")),
    }
}

/// Without ids and hashes.
pub fn short(text: &str) -> String {
    let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_id) {
        out += &rest[..at];
        let end = rest[at..].find(|c| !is_id(c)).map_or(rest.len(), |end| at + end);
        let word = &rest[at..end];
        let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
        let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
        // As long as an id or a hash, or the beginning of one by which a version is named.
        out += if mixed && (word.len() >= 32 || word.len() == 8) { "~" } else { word };
        rest = &rest[end..];
    }
    out + rest
}

fn squeezed(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn all_text(node: &Rc<Node>) -> String {
    let own = if let NodeData::Text { contents } = &node.data { contents.borrow().to_string() } else { String::new() };
    node.children.borrow().iter().fold(own, |all, child| all + &all_text(child))
}

fn name(node: &Rc<Node>) -> String {
    if let NodeData::Element { name, .. } = &node.data { name.local.to_string() } else { String::new() }
}

/// What an element has under this name.
pub fn attribute(node: &Node, name: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    attrs.borrow().iter().find(|attribute| &*attribute.name.local == name).map(|found| found.value.to_string())
}

fn has_class(node: &Rc<Node>, class: &str) -> bool {
    attribute(node, "class").is_some_and(|all| all.split(' ').any(|one| one == class))
}

/// Whether it begins a line.
fn is_block(node: &Rc<Node>) -> bool {
    !matches!(
        name(node).as_str(),
        "" | "a"
            | "span"
            | "strong"
            | "em"
            | "b"
            | "img"
            | "ins"
            | "del"
            | "br"
            | "time"
            | "abbr"
            | "code"
            | "i"
            | "script"
    )
}

/// Whether nothing but its choices is in a group of them: no hint, and nothing to fill in beside.
fn only_choices(node: &Rc<Node>) -> bool {
    let fields = find_all(node, &|node| matches!(name(node).as_str(), "input" | "textarea" | "select"));
    fields.iter().all(|field| {
        attribute(field, "type").as_deref() == Some("radio") && attribute(field, "aria-describedby").is_none()
    })
}

fn holds_block(node: &Rc<Node>) -> bool {
    node.children.borrow().iter().any(|child| is_block(child) || holds_block(child))
}

/// Whether a hint is said with its field.
fn is_of_a_field(node: &Rc<Node>) -> bool {
    let Some(id) = attribute(node, "id") else { return false };
    let describes = |other: &Rc<Node>| {
        matches!(name(other).as_str(), "input" | "textarea" | "select")
            && attribute(other, "aria-describedby").is_some_and(|all| all.split(' ').any(|one| one == id))
    };
    find(&root_of(node), &describes).is_some()
}

fn parent_of(node: &Rc<Node>) -> Rc<Node> {
    let parent = node.parent.take();
    let found = parent.as_ref().and_then(std::rc::Weak::upgrade).unwrap_or_else(|| node.clone());
    node.parent.set(parent);
    found
}

fn root_of(node: &Rc<Node>) -> Rc<Node> {
    let parent = parent_of(node);
    if Rc::ptr_eq(&parent, node) { parent } else { root_of(&parent) }
}

fn find(node: &Rc<Node>, wanted: &dyn Fn(&Rc<Node>) -> bool) -> Option<Rc<Node>> {
    if wanted(node) {
        return Some(node.clone());
    }
    node.children.borrow().iter().find_map(|child| find(child, wanted))
}

fn find_all(node: &Rc<Node>, wanted: &dyn Fn(&Rc<Node>) -> bool) -> Vec<Rc<Node>> {
    let own = wanted(node).then(|| node.clone());
    let inside = node.children.borrow();
    own.into_iter().chain(inside.iter().flat_map(|child| find_all(child, wanted))).collect()
}
