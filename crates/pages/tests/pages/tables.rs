//! The route tables, read from where they stand: the arms of the matches over an address. A page that nobody thought of is found so.

use std::fmt;

use crate::scenes::Shot;

/// An arm of a route table.
pub struct Route {
    table: &'static str,
    pieces: Vec<Piece>,
}

enum Piece {
    Word(Vec<String>),
    Any,
}

const ROUTES: &str = include_str!("../../src/routes.rs");
const CHILD_MODE: &str = include_str!("../../src/child_mode.rs");
const LOCKED: &str = include_str!("../../src/locked.rs");

/// Each table: its name, where the file of it is, what its match begins with, and what every address in it begins with.
fn tables() -> [(&'static str, &'static str, &'static str, &'static [&'static str]); 4] {
    [
        ("pages", ROUTES, "fn outcome(", &[]),
        ("plan", ROUTES, "fn within(", &["pep", "~"]),
        ("child", CHILD_MODE, "fn of(", &["views"]),
        ("lock", LOCKED, "pub fn answer(", &[]),
    ]
}

/// All of them that answer a request without a form. An arm that only takes forms says so with `if request.post`.
pub fn shown() -> Vec<Route> {
    tables().into_iter().flat_map(|(table, source, begins, before)| of_table(table, source, begins, before)).collect()
}

fn of_table(table: &'static str, source: &str, begins: &str, before: &[&str]) -> Vec<Route> {
    let body = source.split(begins).nth(1).unwrap_or_else(|| panic!("{table}: no {begins}"));
    let body = body.split("\n}\n").next().unwrap();
    let arms = body.lines().map(str::trim).filter(|line| line.starts_with('[') && line.contains("=>"));
    let mut routes: Vec<Route> = Vec::new();
    for arm in arms {
        let (pattern, rest) = arm[1..].split_once(']').unwrap();
        let guard = rest.split("=>").next().unwrap();
        // What leads to another table has rows there.
        if guard.contains("if request.post") || pattern.contains("..") {
            continue;
        }
        let mut pieces: Vec<Piece> = before.iter().map(|word| Piece::of(word)).collect();
        pieces.extend(pattern.split(',').map(str::trim).filter(|piece| !piece.is_empty()).map(Piece::of));
        routes.push(Route { table, pieces });
    }
    assert!(!routes.is_empty(), "{table}: no arms");
    routes
}

impl Piece {
    fn of(text: &str) -> Piece {
        // `decision @ ("accept" | "discard")` or `"views"`; a name stands for anything.
        let words: Vec<String> = text.split('"').skip(1).step_by(2).map(str::to_owned).collect();
        if words.is_empty() { Piece::Any } else { Piece::Word(words) }
    }
}

impl Route {
    /// Whether a shot is of this route: in its table the words of an address go before anything.
    pub fn is_of(&self, shot: &Shot) -> bool {
        let path = shot.target.split('?').next().unwrap_or_default();
        let path: Vec<&str> = path.split('/').filter(|piece| !piece.is_empty()).collect();
        shot.table == self.table
            && path.len() == self.pieces.len()
            && self.pieces.iter().zip(path).all(|(piece, word)| match piece {
                Piece::Any => true,
                Piece::Word(words) => words.iter().any(|known| known == word),
            })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.table)?;
        for piece in &self.pieces {
            match piece {
                Piece::Any => write!(f, "/~")?,
                Piece::Word(words) => write!(f, "/{}", words.join("|"))?,
            }
        }
        Ok(())
    }
}
