//! A call as a literal: `f(a=1, b="x")`, `call:f{a:1,b:<escape>x<escape>}`.

use super::call_progress::{MAX_HELD, Progress, Shared, Step, is_bare_name, is_name_character};
use super::literal_reader::{LiteralReader, LiteralSyntax, Read};

/// Reads such a call. With [`LiteralSyntax::Gemma`] it is certain at its brace; in Python at the first `key=`, or where it ends
/// without any.
#[derive(Debug, Clone)]
pub(super) struct LiteralCall {
    pub(super) shared: Shared,
    syntax: LiteralSyntax,
    name: String,
    /// From behind the bracket.
    arguments: Option<LiteralReader>,
}

impl LiteralCall {
    pub(super) fn new(syntax: LiteralSyntax) -> Self {
        Self { shared: Shared::new(), syntax, name: String::new(), arguments: None }
    }

    pub(super) fn read(&mut self, ch: char) -> Step {
        let is_uncertain = self.shared.progress == Progress::Uncertain;
        if is_uncertain {
            self.shared.held.push(ch);
            if self.shared.held.len() > MAX_HELD {
                return Step::FalseAlarm;
            }
        }
        let Some(reader) = &mut self.arguments else { return self.read_header(ch) };
        let read = reader.push(ch, &mut self.shared.fragment);
        let step = match read {
            Read::More if is_uncertain && !reader.has_key() => return Step::More,
            Read::More => Step::More,
            Read::End => Step::End,
            Read::Invalid if is_uncertain => return Step::FalseAlarm,
            Read::Invalid => {
                reader.finish(&mut self.shared.unread);
                Step::Broken
            }
        };
        if is_uncertain {
            let name = std::mem::take(&mut self.name);
            self.shared.begin(name, Progress::Arguments, "");
        }
        if step == Step::End {
            self.shared.progress = Progress::Complete;
        }
        step
    }

    /// The text ends: what was held of the arguments leaves.
    pub(super) fn finish(&mut self) {
        if let Some(reader) = &mut self.arguments {
            reader.finish(&mut self.shared.fragment);
        }
    }

    fn read_header(&mut self, ch: char) -> Step {
        let (prefix, open) = match self.syntax {
            LiteralSyntax::Python => ("", '('),
            LiteralSyntax::Gemma => ("call:", '{'),
        };
        let header = &self.shared.held;
        if header.len() <= prefix.len() {
            return if prefix.starts_with(header.as_str()) { Step::More } else { Step::FalseAlarm };
        }
        if is_name_character(ch) {
            self.name.push(ch);
            return if is_bare_name(&self.name) { Step::More } else { Step::FalseAlarm };
        }
        if ch != open || self.name.is_empty() {
            return Step::FalseAlarm;
        }
        self.shared.fragment.push('{');
        self.arguments = Some(LiteralReader::new(self.syntax));
        if self.syntax == LiteralSyntax::Gemma {
            let name = std::mem::take(&mut self.name);
            self.shared.begin(name, Progress::Arguments, "");
        }
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_within_containers_have_an_end() {
        for (syntax, head) in [(LiteralSyntax::Python, "f(a="), (LiteralSyntax::Gemma, "call:f{a:")] {
            let steps = |depth: usize| {
                let mut call = LiteralCall::new(syntax);
                let text = head.to_owned() + &"[".repeat(depth);
                text.chars().map(|ch| call.read(ch)).last()
            };
            assert_eq!(steps(127), Some(Step::More));
            assert_eq!(steps(128), Some(Step::Broken));
        }
    }
}
