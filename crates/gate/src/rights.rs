//! Who may write where: the rules of one document.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::Id;
use crate::limits::{DEPTH_MAX, GROUPS_MAX, RULES_MAX};

/// The rules of one document: what no rule names, nobody writes. Read from text, one rule a line:
///
/// ```text
/// PLACE WHAT GROUP…
/// ```
///
/// A *place* is the path of map keys from the root to what is written, with `/` between them. In a text or a list it is
/// the path to that; its elements have none of their own. A key of a place is
///
/// - a word: that key alone;
/// - `*`: any key;
/// - `@`: the author's *own* key, which is their id (see [`own_key`]), or ends in `+` and their id;
/// - `WORD@`: `WORD`, `+` and the author's id.
///
/// *What* is a word of [`Write`]. The *groups* are names that mean nothing here: the [`Authority`](crate::Authority) says
/// which of them an author has. Where several rules fit, one that lets the author write is enough.
///
/// ```
/// let rules: gate::Rules = "
///     story          text    teacher social-worker
///     visits/*       map     teacher
///     visits/*/day   value   teacher
///     said/@         text    child
///     remarks/*      map     teacher child
///     remarks/*/say  sealed  teacher child
/// "
/// .parse()?;
/// let child = [7; 16];
/// let own = gate::own_key(&child);
/// assert!(rules.allow(&["child"], &child, &["said", &own], gate::Write::Text));
/// assert!(!rules.allow(&["child"], &[8; 16], &["said", &own], gate::Write::Text));
/// assert!(!rules.allow(&["child"], &child, &["story"], gate::Write::Text));
/// assert!(!rules.allow(&["teacher"], &child, &["visits", "monday", "note"], gate::Write::Value));
/// # Ok::<(), gate::BadRule>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// A tree of keys; the first is the root. None where there is no rule.
    nodes: Vec<Node>,
    groups: Vec<Box<str>>,
}

/// What a rule lets people write at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Write {
    /// `value`: a plain value: set, replaced, counted up and taken away.
    Value,
    /// `sealed`: a plain value that comes with the map it stands in, in one change, and is then never changed, nor joined
    /// by another.
    Sealed,
    /// `map`: a map is made, never replaced and never taken away. What is in it has places of its own.
    Map,
    /// `text`: characters come into and go out of the text that is there; where none is, one is made.
    Text,
    /// `list`: the same for the plain values of a list. No rule lets anybody make objects in a list.
    List,
    /// `free`: anything, here and below.
    Free,
}

/// Why a text is not one of rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the rules: {reason}; whoever wrote them has to correct it")]
pub struct BadRule {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// An id as keys of documents spell it: as a UUID, in lower-case hex with hyphens.
pub fn own_key(person: &Id) -> String {
    let mut key = String::with_capacity(36);
    for (at, byte) in person.iter().enumerate() {
        let hyphen = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(key, "{hyphen}{byte:02x}");
    }
    key
}

impl Write {
    const WORDS: [(&str, Write); 6] = [
        ("value", Write::Value),
        ("sealed", Write::Sealed),
        ("map", Write::Map),
        ("text", Write::Text),
        ("list", Write::List),
        ("free", Write::Free),
    ];
}

impl FromStr for Rules {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Rules, BadRule> {
        let mut rules = Rules { nodes: vec![Node::default()], groups: Vec::new() };
        let lines =
            text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.is_empty());
        for (count, (line, rule)) in lines.enumerate() {
            let bad = |reason| BadRule { line, reason };
            if count >= RULES_MAX {
                return Err(bad("there are more rules than one document can need"));
            }
            rules.add(rule).map_err(bad)?;
        }
        Ok(rules)
    }
}

impl Rules {
    /// Whether an author with these groups may write this at a place, given as keys. Of `Sealed`: with its map.
    pub fn allow(&self, groups: &[&str], person: &Id, place: &[&str], what: Write) -> bool {
        let groups = self.mask(groups.iter().copied());
        let own = own_key(person);
        let spot = place.iter().fold(self.root(groups), |spot, key| self.step(&spot, key, &own, groups));
        self.fits(&spot, what, groups)
    }

    fn add(&mut self, rule: &str) -> Result<(), &'static str> {
        let mut words = rule.split_whitespace();
        let place = words.next().ok_or("a rule has no place")?;
        let what = words.next().ok_or("a rule does not say what may be written")?;
        let (_, what) =
            Write::WORDS.iter().find(|(word, _)| *word == what).ok_or("nothing that may be written is called that")?;
        let mut mask = 0;
        for group in words {
            mask |= 1 << self.group(group)?;
        }
        if mask == 0 {
            return Err("a rule names no group");
        }
        if place.split('/').count() > usize::from(DEPTH_MAX) + 1 {
            return Err("a place is deeper than any document");
        }
        let mut at = 0;
        for key in place.split('/') {
            at = self.child(at, key)?;
        }
        if let Some(may) = self.nodes.get_mut(at as usize).and_then(|node| node.may.get_mut(*what as usize)) {
            *may |= mask;
        }
        Ok(())
    }

    fn group(&mut self, name: &str) -> Result<usize, &'static str> {
        if let Some(number) = self.groups.iter().position(|known| **known == *name) {
            return Ok(number);
        }
        if self.groups.len() >= GROUPS_MAX {
            return Err("there are too many groups");
        }
        self.groups.push(name.into());
        Ok(self.groups.len() - 1)
    }

    /// The node below `at` for a key of a rule, made where it is new.
    fn child(&mut self, at: u32, key: &str) -> Result<u32, &'static str> {
        let next = self.nodes.len() as u32;
        let node = self.nodes.get_mut(at as usize).ok_or("there is no root")?;
        let child = match key {
            "" => return Err("a place has an empty key"),
            "*" => *node.any.get_or_insert(next),
            "@" => *node.own.get_or_insert(next),
            key => match key.strip_suffix('@') {
                Some(word) => *node.own_of.entry(word.into()).or_insert(next),
                None => *node.keys.entry(key.into()).or_insert(next),
            },
        };
        if child == next {
            self.nodes.push(Node::default());
        }
        Ok(child)
    }

    pub(crate) fn mask<'a>(&self, groups: impl Iterator<Item = &'a str>) -> u64 {
        let number = |name: &str| self.groups.iter().position(|known| **known == *name);
        groups.filter_map(number).fold(0, |mask, number| mask | 1 << number)
    }

    pub(crate) fn root(&self, groups: u64) -> Spot {
        let mut spot = Spot { nodes: Vec::new(), free: false };
        self.reach((!self.nodes.is_empty()).then_some(0), groups, &mut spot);
        spot
    }

    /// The spot one key below another.
    pub(crate) fn step(&self, spot: &Spot, key: &str, own: &str, groups: u64) -> Spot {
        let mut next = Spot { nodes: Vec::new(), free: spot.free };
        // What stands before one's own id in a key, without the `+`; nothing where the id is all of it.
        let before = key.strip_suffix(own).map(|before| before.strip_suffix('+').unwrap_or(before));
        let is_own = before.is_some_and(|before| before.is_empty() || key.len() > before.len() + own.len());
        for node in spot.nodes.iter().filter_map(|node| self.nodes.get(*node as usize)) {
            self.reach(node.keys.get(key).copied(), groups, &mut next);
            self.reach(node.any, groups, &mut next);
            if is_own {
                self.reach(node.own, groups, &mut next);
                self.reach(before.and_then(|word| node.own_of.get(word)).copied(), groups, &mut next);
            }
        }
        next
    }

    fn reach(&self, node: Option<u32>, groups: u64, spot: &mut Spot) {
        if let Some(number) = node {
            let may = self.nodes.get(number as usize).and_then(|node| node.may.get(Write::Free as usize));
            spot.free |= may.is_some_and(|may| may & groups != 0);
            spot.nodes.push(number);
        }
    }

    pub(crate) fn fits(&self, spot: &Spot, what: Write, groups: u64) -> bool {
        let may = |node: &u32| self.nodes.get(*node as usize).and_then(|node| node.may.get(what as usize));
        spot.free || spot.nodes.iter().filter_map(may).any(|may| may & groups != 0)
    }

    /// As much of a place as the rules themselves spell out.
    pub(crate) fn spelled(&self, place: &[&str]) -> Option<String> {
        let mut node = self.nodes.first()?;
        let mut said = Vec::new();
        for key in place {
            let Some(next) = node.keys.get(*key).and_then(|next| self.nodes.get(*next as usize)) else { break };
            said.push(*key);
            node = next;
        }
        (!said.is_empty()).then(|| said.join("/"))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("places", &self.nodes.len()).field("groups", &self.groups).finish()
    }
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Node {
    keys: BTreeMap<Box<str>, u32>,
    any: Option<u32>,
    own: Option<u32>,
    /// By the word before the `+`.
    own_of: BTreeMap<Box<str>, u32>,
    /// For each [`Write`] the groups that may, a bit each.
    may: [u64; Write::WORDS.len()],
}

/// Where a place is in the tree of rules: all the nodes that fit it.
#[derive(Clone)]
pub(crate) struct Spot {
    nodes: Vec<u32>,
    /// A rule lets this author do anything here and below.
    free: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: Id = *b"idris fennimoor!";

    fn rules(text: &str) -> Rules {
        text.parse().unwrap()
    }

    #[test]
    fn what_no_rule_names_nobody_writes() {
        let one = rules("story text teacher");
        for rules in [&Rules::default(), &rules(""), &one] {
            for (_, what) in Write::WORDS {
                let may = |groups: &[&str], place: &[&str]| rules.allow(groups, &CHILD, place, what);
                assert_eq!(may(&["teacher"], &["story"]), *rules == one && what == Write::Text);
                assert!(!may(&["teacher"], &[]) && !may(&["teacher"], &["notes"]));
                assert!(!may(&["teacher"], &["story", "below"]));
                assert!(!may(&["nurse"], &["story"]) && !may(&[], &["story"]));
            }
        }
    }

    #[test]
    fn an_own_key_is_the_id_or_ends_in_it_and_nobody_elses_does() {
        let rules = rules("said/@ text child\ntarget/words@ text child");
        let (own, other) = (own_key(&CHILD), own_key(&[1; 16]));
        let may = |place: &[&str]| rules.allow(&["child"], &CHILD, place, Write::Text);
        assert_eq!(own, "69647269-7320-6665-6e6e-696d6f6f7221");
        assert!(may(&["said", &own]) && may(&["said", &format!("one+{own}")]) && may(&["said", &format!("+{own}")]));
        assert!(may(&["target", &format!("words+{own}")]));
        for key in [&other, &format!("one+{other}"), &format!("one{own}"), &format!("{own}+"), "", &own[1..]] {
            assert!(!may(&["said", key]), "{key}");
        }
        for key in [&own, &format!("other+{own}"), &format!("words{own}"), &format!("words+{other}"), "words", "words@"]
        {
            assert!(!may(&["target", key]), "{key}");
        }
    }

    #[test]
    fn several_rules_of_one_place_add_up() {
        let rules = rules("a/* value x\na/b value y\na/@ value z\nfree free w");
        let may = |group, key: &str| rules.allow(&[group], &CHILD, &["a", key], Write::Value);
        assert!(may("x", "b") && may("y", "b") && !may("z", "b") && !may("w", "b"));
        assert!(may("x", "c") && !may("y", "c"));
        assert!(may("z", &own_key(&CHILD)));
        assert!(rules.allow(&["w"], &CHILD, &["free", "far", "below"], Write::Map));
        assert!(!rules.allow(&["x"], &CHILD, &["free"], Write::Map));
    }

    #[test]
    fn a_bad_rule_is_refused_with_its_line() {
        for (text, line) in [
            ("story text teacher\nstory", 2),
            ("\n\nstory text", 3),
            ("story prose teacher", 1),
            ("a//b value x", 1),
            ("/a value x", 1),
        ] {
            assert_eq!(text.parse::<Rules>().unwrap_err().line, line, "{text}");
        }
        let deep = vec!["k"; usize::from(DEPTH_MAX) + 2].join("/") + " value x";
        let groups: String = (0..=GROUPS_MAX).map(|n| format!(" g{n}")).collect();
        let many = "a value x\n".repeat(RULES_MAX + 1);
        for text in [deep, format!("a value{groups}"), many] {
            assert!(text.parse::<Rules>().is_err());
        }
    }

    #[test]
    fn only_words_of_the_rules_are_said_of_a_place() {
        let rules = rules("answers/rows/*/day value x");
        assert_eq!(rules.spelled(&["answers", "rows", "secret", "day"]), Some("answers/rows".into()));
        assert_eq!(rules.spelled(&["answers", "secret"]), Some("answers".into()));
        assert_eq!(rules.spelled(&["secret"]), None);
        assert_eq!(Rules::default().spelled(&["secret"]), None);
    }
}
