//! A marker on its own line in a stream of text.

use super::needle::Needle;

/// Looks for a marker and holds back what may belong to it: the newlines before it and its own beginning.
///
/// The newlines are counted, not stored, so that a run of any length costs nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MarkerScan {
    newlines: usize,
    /// Matched bytes of the marker; they follow the newlines.
    state: usize,
}

impl MarkerScan {
    /// Reads `ch`. Text that cannot belong to the marker any more is appended to `out`; a complete marker gives the
    /// number of newlines right before it, and neither is appended.
    pub(super) fn push(&mut self, marker: &Needle, ch: char, out: &mut String) -> Option<usize> {
        let before = self.state;
        self.state = marker.step(before, ch);
        if marker.is_match(self.state) {
            return Some(std::mem::take(self).newlines);
        }
        // Of the held beginning and `ch`, all but the last `state` bytes are released.
        let released = before + ch.len_utf8() - self.state;
        if let Some(part) = marker.text().get(..released.min(before)) {
            for held in part.chars() {
                self.release(held, out);
            }
        }
        if released > before {
            self.release(ch, out);
        }
        None
    }

    /// Gives up the marker: everything held is text.
    pub(super) fn flush(&mut self, marker: &Needle, out: &mut String) {
        out.extend(std::iter::repeat_n('\n', self.newlines));
        out.push_str(marker.text().get(..self.state).unwrap_or_default());
        *self = Self::default();
    }

    /// Forgets the newlines that are held, unless the beginning of a marker follows them.
    pub(super) fn drop_newlines(&mut self) {
        if self.state == 0 {
            self.newlines = 0;
        }
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
        #[test]
        fn releases_all_text_before_the_first_marker(marker in "[<a\n]{0,2}[<ab]", text in "[<ab\n]{0,30}") {
            let needle = Needle::new(&marker);
            let mut scan = MarkerScan::default();
            let mut out = String::new();
            let mut found = None;
            for ch in text.chars() {
                found = scan.push(&needle, ch, &mut out);
                if found.is_some() {
                    break;
                }
            }
            if let Some(at) = text.find(&marker) {
                let before = text[..at].trim_end_matches('\n');
                prop_assert_eq!(found, Some(at - before.len()));
                prop_assert_eq!(out, before);
            } else {
                prop_assert_eq!(found, None);
                scan.flush(&needle, &mut out);
                prop_assert_eq!(out, text);
            }
        }
    }
}
