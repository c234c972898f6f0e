//! A text too long for one change, as several that follow one another: each within what one change may hold, each durable
//! before the next.

use plan::{CARRIED_MAX, Edit, OPERATIONS_MAX};

use crate::typing::Splice;

/// UTF-16 units put in or taken away by one piece. A change may hold [`OPERATIONS_MAX`] operations, a unit is at most one, and what
/// was carried over comes with the first change of a text; the rest is for the operations beside the letters.
pub const PIECE_UNITS: usize = OPERATIONS_MAX - CARRIED_MAX - 1_000;

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
    let insert = String::from_utf16_lossy(new.get(front..new.len() - back).unwrap_or_default());
    let splice = Splice { at: front, delete: old.len() - back - front, insert };
    in_changes(&old, &splice).into_iter().map(|piece| edit(question, piece)).collect()
}

/// Edits that make each of the splices, one after another, in a text that nobody else writes in meanwhile.
pub fn typed(question: &str, before: &str, splices: &[Splice]) -> Vec<Edit> {
    let mut units: Vec<u16> = before.encode_utf16().collect();
    let mut edits = Vec::new();
    for splice in splices {
        edits.extend(in_changes(&units, splice).into_iter().map(|piece| edit(question, piece)));
        let end = splice.at.saturating_add(splice.delete).min(units.len());
        units.splice(splice.at.min(end)..end, splice.insert.encode_utf16());
    }
    edits
}

fn edit(question: &str, Splice { at, delete, insert }: Splice) -> Edit {
    // The offsets are those of the text as it is then.
    Edit::Splice { question: question.to_owned(), at, delete, insert, seen: Vec::new() }
}

/// A splice as several, of which each fits in one change: what goes is taken away first.
fn in_changes(before: &[u16], splice: &Splice) -> Vec<Splice> {
    let mut at = splice.at;
    let small = splice.delete + splice.insert.encode_utf16().count() <= PIECE_UNITS;
    if small {
        return if splice.delete == 0 && splice.insert.is_empty() { Vec::new() } else { vec![splice.clone()] };
    }
    let mut changes = Vec::new();
    let gone = before.get(at..at.saturating_add(splice.delete).min(before.len())).unwrap_or_default();
    for piece in cut(gone) {
        changes.push(Splice { at, delete: piece.len(), insert: String::new() });
    }
    let new: Vec<u16> = splice.insert.encode_utf16().collect();
    for piece in cut(&new) {
        changes.push(Splice { at, delete: 0, insert: String::from_utf16_lossy(piece) });
        at += piece.len();
    }
    changes
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

    #[test]
    fn what_was_typed_and_pasted_fits_in_changes_one_after_another() {
        let pasted: String = (0..9_000).map(|n| if n % 7 == 0 { '😀' } else { 'b' }).collect();
        let splices = [
            Splice { at: 1, delete: 0, insert: "x".into() },
            Splice { at: 2, delete: 1, insert: pasted.clone() },
            Splice { at: 0, delete: 2, insert: String::new() },
            Splice { at: 0, delete: pasted.encode_utf16().count(), insert: "end".into() },
        ];
        let mut units: Vec<u16> = "abc".encode_utf16().collect();
        for edit in typed("meeting.notes", "abc", &splices) {
            let Edit::Splice { at, delete, insert, .. } = edit else { panic!("another edit") };
            assert!(delete + insert.encode_utf16().count() <= PIECE_UNITS);
            units.splice(at..at + delete, insert.encode_utf16());
            String::from_utf16(&units).expect("whole characters");
        }
        assert_eq!(String::from_utf16(&units).unwrap(), "endc");
    }
}
