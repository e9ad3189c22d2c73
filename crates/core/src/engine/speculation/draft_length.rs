//! How many tokens are worth drafting for a sequence.

/// Doubles its rows while all is accepted, follows what is accepted where not all is, and rests after nothing was, longer each
/// time: a row that is rejected costs a step some time.
///
/// With the row of the token before it a draft makes 2, 4, 8, … rows: kernels compute so many together, and a row more than 4
/// or 8 costs as much as several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DraftLength {
    max: usize,
    length: usize,
    /// Steps without a draft from now on.
    rest: u32,
    /// How long the next rest is.
    pause: u32,
}

/// Tokens of the first draft.
const FIRST: usize = 3;
/// Steps of the shortest rest, and of the longest.
const PAUSES: (u32, u32) = (4, 64);

impl DraftLength {
    pub(super) fn new(max: usize) -> Self {
        Self { max, length: max.min(FIRST), rest: 0, pause: PAUSES.0 }
    }

    /// Tokens that the draft of the next step may have.
    pub(super) fn next(&mut self) -> usize {
        if self.rest > 0 {
            self.rest -= 1;
            return 0;
        }
        self.length
    }

    /// Of a draft of `drafted` tokens so many were accepted.
    pub(super) fn learn(&mut self, drafted: usize, accepted: usize) {
        if drafted == 0 {
            return;
        }
        self.length = match accepted {
            // A draft may be short for lack of room, or of something to draft.
            _ if accepted == drafted => self.length.max(2 * drafted + 1),
            0 => self.length / 2,
            _ => FIRST.max((accepted + 1).next_power_of_two() - 1),
        }
        .min(self.max);
        if accepted > 0 {
            self.pause = PAUSES.0;
        } else if self.length == 0 {
            self.length = 1;
            self.rest = self.pause;
            self.pause = (2 * self.pause).min(PAUSES.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_what_is_accepted() {
        let mut length = DraftLength::new(16);
        let mut lengths = Vec::new();
        for accepted in [3, 7, 5, 7, 0] {
            let drafted = length.next();
            lengths.push(drafted);
            length.learn(drafted, accepted);
        }
        lengths.push(length.next());
        assert_eq!(lengths, [3, 7, 15, 7, 15, 7]);
        length.learn(1, 1);
        assert_eq!(length.next(), 7, "a short draft is no reason for shorter ones");
        assert_eq!(DraftLength::new(2).next(), 2);
    }

    #[test]
    fn rests_ever_longer_and_goes_again() {
        let mut length = DraftLength::new(8);
        let mut at = Vec::new();
        for step in 0..220 {
            let drafted = length.next();
            if drafted > 0 {
                at.push((step, drafted));
                length.learn(drafted, 0);
            }
        }
        assert_eq!(at, [(0, 3), (1, 1), (6, 1), (15, 1), (32, 1), (65, 1), (130, 1), (195, 1)]);
        while length.next() == 0 {}
        length.learn(1, 1);
        assert_eq!(length.next(), 3, "what is accepted ends it");
        length.learn(3, 0);
        length.learn(1, 0);
        assert_eq!((0..9).map(|_| length.next()).collect::<Vec<_>>(), [0, 0, 0, 0, 1, 1, 1, 1, 1]);
    }
}
