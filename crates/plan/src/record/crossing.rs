//! Where a piece of a text is now that a page saw some changes ago. Offsets are in UTF-16 units.

use std::ops::Range;

use automerge::{Automerge, AutomergeError, ChangeHash, ObjId, PatchAction};

use crate::value::utf16_len;

/// One thing that happened to a text, in the order in which they move offsets.
pub(crate) enum Moved {
    /// Text came in.
    In { at: usize, width: usize },
    /// Text went out.
    Out { at: usize, width: usize },
}

/// What happened to a text since `seen`. Read off the difference of the two versions, not off cursors: a cursor on a
/// character that is gone, with everything behind it, has no place to point at.
pub(crate) fn since(document: &Automerge, text: &ObjId, seen: &[ChangeHash]) -> Result<Vec<Moved>, AutomergeError> {
    let now = document.get_heads();
    if seen == now {
        return Ok(Vec::new());
    }
    let moved = |action| match action {
        PatchAction::SpliceText { index, value, .. } => {
            Some(Moved::In { at: index, width: utf16_len(&value.make_string()) })
        }
        PatchAction::DeleteSeq { index, length } => Some(Moved::Out { at: index, width: length }),
        _ => None,
    };
    let patches = document.diff_obj(text, seen, &now, false)?;
    Ok(patches.into_iter().filter_map(|patch| moved(patch.action)).collect())
}

impl Moved {
    /// Where a point is afterwards. What came in at the point itself stands before it.
    pub(crate) fn point(&self, point: usize) -> usize {
        match *self {
            Moved::In { at, width } if at <= point => point + width,
            Moved::In { .. } => point,
            Moved::Out { at, width } => {
                if at < point {
                    at.max(point.saturating_sub(width))
                } else {
                    point
                }
            }
        }
    }

    /// What is left of ranges afterwards, in order: what came in amid one is not part of it.
    pub(crate) fn ranges(&self, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let moved = ranges.into_iter().flat_map(|range| match *self {
            Moved::In { at, width } if range.start < at && at < range.end => {
                [range.start..at, at + width..range.end + width]
            }
            Moved::In { at, width } if at <= range.start => [range.start + width..range.end + width, 0..0],
            Moved::In { .. } => [range, 0..0],
            Moved::Out { .. } => [self.point(range.start)..self.point(range.end), 0..0],
        });
        moved.filter(|range| !range.is_empty()).collect()
    }
}

/// The range widened to whole characters; `None` outside the text. A browser never cuts a character in two, but a caret in
/// the middle of one must not tear it.
pub(crate) fn whole_characters(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let (mut offset, mut start, mut end) = (0, None, None);
    for width in text.chars().map(char::len_utf16) {
        if range.start < offset + width {
            start = start.or(Some(offset));
        }
        if range.end <= offset {
            end = end.or(Some(offset));
        }
        offset += width;
    }
    let start = start.or((range.start == offset).then_some(offset))?;
    let end = end.or((range.end <= offset).then_some(offset))?;
    Some(start..if range.is_empty() { start } else { end })
}
