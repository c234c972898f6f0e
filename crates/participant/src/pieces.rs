//! A text too long for one change, as several that follow one another: each within what one change may hold, each durable
//! before the next.

use plan::Edit;

/// UTF-16 units put in or taken away by one piece. A change may hold [`plan::OPERATIONS_MAX`]; a unit is at most one.
const PIECE_UNITS: usize = 15_000;

/// Edits that make `after` of `before`: what both begin and end with stays, the middle is replaced piece by piece.
pub fn pieces(question: &str, before: &str, after: &str) -> Vec<Edit> {
    let (old, new): (Vec<u16>, Vec<u16>) = (before.encode_utf16().collect(), after.encode_utf16().collect());
    let shorter = old.len().min(new.len());
    let mut front = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    if front > 0 && is_high(new.get(front - 1)) {
        front -= 1;
    }
    let mut back = old.iter().rev().zip(new.iter().rev()).take(shorter - front).take_while(|(a, b)| a == b).count();
    if back > 0 && is_low(new.get(new.len() - back)) {
        back -= 1;
    }
    let splice = |at: usize, delete: usize, insert: String| Edit::Splice {
        question: question.to_string(),
        at,
        delete,
        insert,
        seen: Vec::new(),
    };
    let mut edits = Vec::new();
    let gone = old.get(front..old.len() - back).unwrap_or_default();
    for piece in cut(gone) {
        edits.push(splice(front, piece.len(), String::new()));
    }
    let mut at = front;
    for piece in cut(new.get(front..new.len() - back).unwrap_or_default()) {
        edits.push(splice(at, 0, String::from_utf16_lossy(piece)));
        at += piece.len();
    }
    edits
}

/// Pieces of at most [`PIECE_UNITS`]; no character is cut in two.
fn cut(mut units: &[u16]) -> Vec<&[u16]> {
    let mut pieces = Vec::new();
    while !units.is_empty() {
        let mut len = units.len().min(PIECE_UNITS);
        if len < units.len() && is_high(units.get(len - 1)) {
            len -= 1;
        }
        let (piece, rest) = units.split_at(len);
        pieces.push(piece);
        units = rest;
    }
    pieces
}

fn is_high(unit: Option<&u16>) -> bool {
    unit.is_some_and(|u| (0xd800..0xdc00).contains(u))
}

fn is_low(unit: Option<&u16>) -> bool {
    unit.is_some_and(|u| (0xdc00..0xe000).contains(u))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the pieces make of a text, each checked to be small and to cut no character.
    fn carried_out(before: &str, after: &str) -> String {
        let mut units: Vec<u16> = before.encode_utf16().collect();
        for edit in pieces("meeting.notes", before, after) {
            let Edit::Splice { at, delete, insert, .. } = edit else { panic!("another edit") };
            assert!(delete + insert.encode_utf16().count() <= PIECE_UNITS);
            units.splice(at..at + delete, insert.encode_utf16());
            String::from_utf16(&units).expect("whole characters");
        }
        String::from_utf16(&units).expect("whole characters")
    }

    #[test]
    fn a_long_text_arrives_whole_whatever_stood_there() {
        let long: String = (0..30_000).map(|n| if n % 7 == 0 { '😀' } else { 'a' }).collect();
        let other = long.replace('a', "b");
        for (before, after) in [
            ("", long.as_str()),
            (&long, ""),
            (&long, &other),
            (&long, &long),
            ("😀", "😁"),
            ("😀😀", "😀"),
            ("a😀", "a😁b"),
        ] {
            assert_eq!(carried_out(before, after), after);
        }
        let (front, back) = (format!("x{long}"), format!("{long}x"));
        assert_eq!(carried_out(&long, &front), front);
        assert_eq!(carried_out(&long, &back), back);
        assert_eq!(pieces("meeting.notes", &long, &back).len(), 1);
    }
}
