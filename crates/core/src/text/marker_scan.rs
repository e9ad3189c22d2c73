//! Markers on their own lines in a stream of text.

use super::needle::Needle;

/// Strings that are looked for at once. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Markers(Vec<Needle>);

impl Markers {
    pub(super) fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(texts.into_iter().map(Needle::new).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&self, marker: usize) -> &str {
        self.0[marker].text()
    }
}

/// A marker that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Which.
    pub(super) marker: usize,
    /// Newlines right before it.
    pub(super) newlines: usize,
}

/// Looks for the first of some markers and holds back what may belong to it: the newlines before it and its own beginning.
///
/// The newlines are counted, not stored, so that a run of any length costs nothing. Where two markers end at once, the longer
/// one is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MarkerScan {
    newlines: usize,
    /// Matched bytes of each marker; the longest match is what is held, behind the newlines.
    matched: Vec<usize>,
}

impl MarkerScan {
    /// Reads `ch`. Text that cannot belong to a marker any more is appended to `out`; a whole marker, and the newlines right
    /// before it, are not.
    pub(super) fn push(&mut self, markers: &Markers, ch: char, out: &mut String) -> Option<Found> {
        self.matched.resize(markers.0.len(), 0);
        let (holder, held) = self.longest();
        let mut found: Option<usize> = None;
        for (index, needle) in markers.0.iter().enumerate() {
            self.matched[index] = needle.step(self.matched[index], ch);
            let is_longer = |other: usize| needle.text().len() > markers.text(other).len();
            if needle.is_match(self.matched[index]) && found.is_none_or(is_longer) {
                found = Some(index);
            }
        }
        let kept = found.map_or_else(|| self.longest().1, |index| markers.text(index).len());
        // Of the held beginning and `ch`, all but the last `kept` bytes are released.
        let released = held + ch.len_utf8() - kept;
        let part = markers.0.get(holder).and_then(|needle| needle.text().get(..released.min(held)));
        for ch in part.unwrap_or_default().chars() {
            self.release(ch, out);
        }
        if released > held {
            self.release(ch, out);
        }
        found.map(|marker| Found { marker, newlines: std::mem::take(self).newlines })
    }

    /// Gives up the markers: everything held is text.
    pub(super) fn flush(&mut self, markers: &Markers, out: &mut String) {
        out.extend(std::iter::repeat_n('\n', self.newlines));
        let (holder, held) = self.longest();
        out.push_str(markers.0.get(holder).and_then(|needle| needle.text().get(..held)).unwrap_or_default());
        *self = Self::default();
    }

    /// Forgets the newlines that are held, unless the beginning of a marker follows them.
    pub(super) fn drop_newlines(&mut self) {
        if self.longest().1 == 0 {
            self.newlines = 0;
        }
    }

    /// The marker of which most is matched, and its bytes.
    fn longest(&self) -> (usize, usize) {
        self.matched.iter().copied().enumerate().max_by_key(|(_, matched)| *matched).unwrap_or_default()
    }

    fn release(&mut self, ch: char, out: &mut String) {
        if ch == '\n' {
            self.newlines += 1;
        } else {
            out.extend(std::iter::repeat_n('\n', std::mem::take(&mut self.newlines)));
            out.push(ch);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn releases_all_text_before_the_first_marker(
            texts in prop::collection::vec("[<a\n]{0,2}[<ab]", 1..4),
            text in "[<ab\n]{0,30}",
        ) {
            let markers = Markers::new(texts.iter().map(String::as_str));
            let mut scan = MarkerScan::default();
            let mut out = String::new();
            let mut found = None;
            for ch in text.chars() {
                found = scan.push(&markers, ch, &mut out);
                if found.is_some() {
                    break;
                }
            }
            // The first to end, and of those the longest.
            let end = texts.iter().filter_map(|marker| text.find(marker).map(|at| at + marker.len())).min();
            if let (Some(end), Some(found)) = (end, found) {
                let longest = texts.iter().filter(|marker| text[..end].ends_with(*marker)).map(String::len).max();
                prop_assert_eq!(Some(texts[found.marker].len()), longest);
                let before = &text[..end - texts[found.marker].len()];
                prop_assert_eq!(&out, before.trim_end_matches('\n'));
                prop_assert_eq!(found.newlines, before.len() - out.len());
            } else {
                prop_assert_eq!((end, found), (None, None));
                scan.flush(&markers, &mut out);
                prop_assert_eq!(out, text);
            }
        }
    }
}
