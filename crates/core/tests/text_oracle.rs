//! Text in pieces against text at once: any bytes of any script, cut anywhere, with any stop strings, come out as the
//! text before the first stop string, and no character is ever broken.
//!
//! `WICK_TEXT_CASES=1000000 cargo test --release -p wick-core --test text_oracle` tries more.

mod fake;

use fake::mix;
use wick_core::text::{StopStrings, TextEvent, TextOptions, TextPipeline};

/// Letters, and what takes several code points: joined emoji, skin tones, flags, Hangul syllables and their parts,
/// marks on letters, CJK inside and outside of the basic plane, both directions of writing.
const PIECES: [&str; 32] = [
    "a",
    "b",
    " ",
    "\n",
    "ab",
    "stop",
    "st",
    "</s>",
    "é",
    "e\u{301}",
    "ñ",
    "ß",
    "中",
    "文",
    "𠮷",
    "日本",
    "한",
    "각",
    "\u{1112}\u{1161}\u{11ab}",
    "ก\u{e49}",
    "नि",
    "שלום",
    "مرحبا",
    "👩‍👩‍👧",
    "👍🏽",
    "🇫🇷",
    "🦀",
    "🏳️‍🌈",
    "\u{200d}",
    "\u{feff}",
    "\u{10ffff}",
    "�",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % bound as u64) as usize
    }

    fn text(&mut self, pieces: usize) -> String {
        (0..pieces).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

/// Up to nine characters of `text`, or something else.
fn stop(random: &mut Random, text: &str) -> String {
    let from = random.below(text.chars().count());
    let piece: String = text.chars().skip(from).take(random.below(10)).collect();
    if piece.is_empty() || piece.contains('\u{fffd}') { "END".to_owned() } else { piece }
}

/// The text before the first stop string to end.
fn oracle<'a>(text: &'a str, stops: &[String]) -> &'a str {
    for (at, letter) in text.char_indices() {
        let read = &text[..at + letter.len_utf8()];
        if let Some(stop) = stops.iter().filter(|stop| read.ends_with(stop.as_str())).max_by_key(|stop| stop.len()) {
            return &read[..read.len() - stop.len()];
        }
    }
    text
}

fn content(events: &mut Vec<TextEvent>, out: &mut String) {
    for event in events.drain(..) {
        match event {
            TextEvent::Content(text) => out.push_str(&text),
            TextEvent::Reasoning(_) | TextEvent::ToolCall(_) => panic!("{event:?} out of plain text"),
        }
    }
}

#[test]
fn pieces_come_to_the_whole() {
    let cases = std::env::var("WICK_TEXT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(50_000);
    let (mut stopped, mut random) = (0, Random(1));
    for case in 0..cases {
        let pieces = 1 + random.below(12);
        let text = random.text(pieces);
        let count = random.below(4);
        let stops: Vec<String> = (0..count).map(|_| stop(&mut random, &text)).collect();
        let expected = oracle(&text, &stops);
        let longest = stops.iter().map(String::len).max().unwrap_or(0);

        let options = TextOptions { stops: StopStrings::new(&stops).unwrap(), ..TextOptions::default() };
        let mut pipeline = TextPipeline::new(options);
        let (mut events, mut out, mut at, mut matched) = (Vec::new(), String::new(), 0, false);
        while at < text.len() && !matched {
            let end = (at + 1 + random.below(5)).min(text.len());
            matched = pipeline.push(&text.as_bytes()[at..end], None, &mut events).is_some();
            at = end;
            content(&mut events, &mut out);
            assert!(expected.starts_with(&out), "case {case}: {out:?} of {expected:?}");
            // Three bytes of a character that is not whole yet, and what may begin a stop string.
            assert!(matched || out.len() + longest + 3 >= at.min(expected.len()), "case {case}: too much is held back");
        }
        pipeline.finish(&mut events);
        content(&mut events, &mut out);
        assert_eq!(out, expected, "case {case}: {text:?} {stops:?}");
        stopped += usize::from(matched);
    }
    assert!(stopped > cases / 4 && stopped < cases, "{stopped} of {cases} were stopped");
}
