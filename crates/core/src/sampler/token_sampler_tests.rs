use proptest::prelude::*;

use super::super::{DryOptions, SamplingOptions};
use super::*;

fn sampler(options: &SamplingOptions, vocabulary_size: usize, seed: u64) -> Sampler {
    Sampler::new(SamplingParams::new(options, vocabulary_size).unwrap(), seed, 0)
}

fn draw(sampler: &Sampler, logits: &[f32], history: &History<'_>) -> Result<Sampled> {
    sampler.sample(&mut Scratch::default(), &mut logits.to_vec(), history)
}

/// Logits like a model's: a few good tokens over a broad floor.
fn model_like(width: usize, seed: u64) -> Vec<f32> {
    (0..width as u32)
        .map(|token| {
            let u = draw::uniform(seed, 0, token);
            (-2.0 * (1.0 - u).ln() - 4.0 + 3.0 * draw::uniform(seed, 1, token)) as f32
        })
        .collect()
}

/// Probabilities as the documentation defines them, in f64, by full sorts.
fn oracle(options: &SamplingOptions, logits: &[f32], history: &History<'_>) -> Vec<f64> {
    let mut logits: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
    let width = logits.len();
    let repetition = f64::from(options.repetition_penalty.unwrap_or(1.0));
    let answer = history.tokens.get(history.prompt_length..).unwrap_or_default();
    for (token, logit) in logits.iter_mut().enumerate() {
        let token = token as u32;
        if history.tokens.contains(&token) {
            *logit = if *logit > 0.0 { *logit / repetition } else { *logit * repetition };
        }
        let count = answer.iter().filter(|&&t| t == token).count() as f64;
        *logit -= count * f64::from(options.frequency_penalty.unwrap_or(0.0));
        *logit -= count.min(1.0) * f64::from(options.presence_penalty.unwrap_or(0.0));
        for &(biased, bias) in &options.logit_bias {
            *logit += if biased == token { f64::from(bias) } else { 0.0 };
        }
        let word = history.mask.map(|mask| mask.get(token as usize / 32).copied().unwrap_or(0));
        if word.is_some_and(|word| word >> (token % 32) & 1 == 0) || history.banned.contains(&token) {
            *logit = f64::NEG_INFINITY;
        }
    }
    let mut order: Vec<usize> = (0..width).filter(|&i| logits[i] > f64::NEG_INFINITY).collect();
    order.sort_by(|&a, &b| logits[b].partial_cmp(&logits[a]).unwrap().then(a.cmp(&b)));
    let temperature = f64::from(options.temperature.unwrap_or(1.0));
    let mut probabilities = vec![0.0; width];
    if temperature < 1e-5 {
        probabilities[order[0]] = 1.0;
        return probabilities;
    }
    let weight = |i: usize| ((logits[i] - logits[order[0]]) / temperature).exp();
    let mut kept = order.clone();
    kept.truncate(options.top_k.map_or(width, |k| k as usize));
    let total: f64 = kept.iter().map(|&i| weight(i)).sum();
    let mut sum = 0.0;
    let reached = kept.iter().position(|&i| {
        sum += weight(i);
        sum >= f64::from(options.top_p.unwrap_or(1.0)) * total
    });
    kept.truncate(reached.map_or(kept.len(), |last| last + 1));
    kept.retain(|&i| weight(i) >= f64::from(options.min_p.unwrap_or(0.0)));
    let total: f64 = kept.iter().map(|&i| weight(i)).sum();
    for i in kept {
        probabilities[i] = weight(i) / total;
    }
    probabilities
}

#[test]
fn frequencies_follow_the_probabilities() {
    let logits: Vec<f32> = (0..64).map(|i| ((i * 37) % 64) as f32 / 12.0).collect();
    let tokens: Vec<u32> = vec![5, 9, 9, 60, 61, 60];
    let mask = [0xFFFF_F7FF, 0x7FFF_FFFF];
    let settings = [
        SamplingOptions::default(),
        SamplingOptions { temperature: Some(0.6), top_k: Some(20), top_p: Some(0.95), ..Default::default() },
        SamplingOptions { temperature: Some(1.5), top_p: Some(0.8), min_p: Some(0.05), ..Default::default() },
        SamplingOptions { min_p: Some(0.3), ..Default::default() },
        SamplingOptions {
            frequency_penalty: Some(0.7),
            presence_penalty: Some(-0.4),
            repetition_penalty: Some(1.3),
            logit_bias: vec![(3, 2.5), (40, -3.0)],
            top_k: Some(40),
            ..Default::default()
        },
    ];
    for options in settings {
        let history = History { tokens: &tokens, prompt_length: 2, mask: Some(&mask), banned: &[1] };
        let expected = oracle(&options, &logits, &history);
        let mut counts = vec![0_u32; 64];
        let draws = 20_000;
        for seed in 0..draws {
            counts[draw(&sampler(&options, 64, seed), &logits, &history).unwrap().token as usize] += 1;
        }
        let (mut chi_squared, mut bins) = (0.0, 0.0);
        for (token, &probability) in expected.iter().enumerate() {
            let due = probability * draws as f64;
            if probability == 0.0 {
                assert_eq!(counts[token], 0, "token {token} is out");
            } else if due >= 5.0 {
                chi_squared += (f64::from(counts[token]) - due).powi(2) / due;
                bins += 1.0;
            }
        }
        // Over five standard deviations above the mean of χ²; the seeds are fixed.
        assert!(bins > 3.0 && chi_squared < bins + 5.0 * (2.0_f64 * bins).sqrt(), "{options:?}: {chi_squared} {bins}");
    }
}

#[test]
fn greedy_takes_the_best_and_of_equals_the_lowest() {
    for temperature in [0.0, 1e-8] {
        let greedy = sampler(&SamplingOptions { temperature: Some(temperature), ..Default::default() }, 5, 1);
        let logits = [1.0, 3.0, -0.0, 3.0, 2.0];
        assert_eq!(draw(&greedy, &logits, &History::default()).unwrap().token, 1);
        let banned = History { banned: &[1], ..History::default() };
        assert_eq!(draw(&greedy, &logits, &banned).unwrap().token, 3);
    }
}

#[test]
fn padding_beyond_the_vocabulary_is_never_drawn() {
    let sampled = draw(&sampler(&SamplingOptions::default(), 2, 3), &[0.0, 0.0, 90.0, f32::NAN], &History::default());
    assert!(sampled.unwrap().token < 2);
}

#[test]
fn draw_depends_on_seed_choice_and_position_alone() {
    let logits = vec![0.0; 1_000];
    let params = SamplingParams::new(&SamplingOptions::default(), 1_000).unwrap();
    let tokens = [1, 2, 3];
    let token = |seed, choice, length| {
        let history = History { tokens: &tokens[..length], ..History::default() };
        draw(&Sampler::new(params.clone(), seed, choice), &logits, &history).unwrap().token
    };
    assert_eq!(token(1, 0, 3), token(1, 0, 3));
    let different = [token(1, 0, 3), token(2, 0, 3), token(1, 1, 3), token(1, 0, 2)];
    assert!((0..4).all(|i| !different[..i].contains(&different[i])), "{different:?}");
}

#[test]
fn refuses_what_is_no_number() {
    for temperature in [0.0, 1.0] {
        let sampler = sampler(&SamplingOptions { temperature: Some(temperature), ..Default::default() }, 3, 1);
        let infinity = f32::INFINITY;
        let all_banned = History { mask: Some(&[]), ..History::default() };
        let others_banned = History { banned: &[0, 1, 2, 2, 9], ..History::default() };
        for (logits, history, reason) in [
            ([0.0, f32::NAN, 0.0], History::default(), "nan"),
            ([0.0, -f32::NAN, -infinity], History { banned: &[1], ..History::default() }, "nan"),
            ([0.0, infinity, 0.0], History::default(), "infinite"),
            ([-infinity; 3], History::default(), "all_banned"),
            ([0.0; 3], all_banned, "all_banned"),
            ([0.0; 3], others_banned, "all_banned"),
        ] {
            let error = draw(&sampler, &logits, &history).unwrap_err();
            assert_eq!(error.code(), ErrorCode::NumericError);
            assert_eq!(error.into_info().details.unwrap()["reason"], reason);
        }
        assert_eq!(draw(&sampler, &[-infinity, 0.0, -infinity], &History::default()).unwrap().token, 1);
        assert_eq!(draw(&sampler, &[0.0; 2], &History::default()).unwrap_err().code(), ErrorCode::Internal);
    }
}

#[test]
fn penalty_that_overflows_is_a_numeric_error() {
    let options = SamplingOptions { repetition_penalty: Some(1e-30), ..Default::default() };
    let history = History { tokens: &[1], ..History::default() };
    let error = draw(&sampler(&options, 3, 1), &[1.0, 1e20, 1.0], &history).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NumericError);
}

#[test]
fn logprobs_stand_before_temperature_and_after_the_mask() {
    let options = SamplingOptions {
        temperature: Some(0.1),
        top_k: Some(1),
        logprobs: true,
        top_logprobs: 5,
        ..Default::default()
    };
    let history = History { mask: Some(&[0b0111]), ..History::default() };
    let sampled = draw(&sampler(&options, 4, 1), &[2.0, 1.0, 2.0, 50.0], &history).unwrap();
    let sum = 2.0 * 1_f64.exp() + 1.0;
    let expected = [(0, (1_f64.exp() / sum).ln()), (2, (1_f64.exp() / sum).ln()), (1, (1.0 / sum).ln())];
    assert_eq!(sampled.top.len(), 3);
    for ((token, logprob), (id, value)) in sampled.top.iter().zip(expected) {
        assert!(*token == id && (f64::from(*logprob) - value).abs() < 1e-6);
    }
    assert_eq!((sampled.token, sampled.logprob), sampled.top.first().map(|&(id, value)| (id, Some(value))).unwrap());
}

#[test]
fn no_logprobs_unless_asked() {
    let sampled = draw(&sampler(&SamplingOptions::default(), 4, 1), &[0.0; 4], &History::default()).unwrap();
    assert_eq!((sampled.logprob, sampled.top), (None, vec![]));
}

#[test]
fn flat_nucleus_needs_almost_every_token() {
    let options = SamplingOptions { top_p: Some(0.9), ..Default::default() };
    let logits = vec![0.5; 10_000];
    let drawn: Vec<u32> = (0..200)
        .map(|seed| draw(&sampler(&options, 10_000, seed), &logits, &History::default()).unwrap().token)
        .collect();
    assert!(drawn.iter().all(|&token| token < 9_000), "of equal tokens the lowest ids stay");
    assert!(drawn.iter().any(|&token| token > 8_000));
}

#[test]
fn scratch_stops_growing() {
    let options = SamplingOptions {
        top_k: Some(20),
        top_p: Some(0.95),
        repetition_penalty: Some(1.1),
        dry: Some(DryOptions { multiplier: 0.8, ..Default::default() }),
        ..Default::default()
    };
    let sampler = sampler(&options, 5_000, 1);
    let mut scratch = Scratch::default();
    let mut tokens = Vec::new();
    let mut sizes = Vec::new();
    for step in 0..300 {
        let history = History { tokens: &tokens, ..History::default() };
        let sampled = sampler.sample(&mut scratch, &mut model_like(5_000, step % 3), &history).unwrap();
        tokens.push(sampled.token);
        sizes.push((scratch.candidates.capacity(), scratch.weights.capacity()));
    }
    assert_eq!(sizes[1], sizes[299]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    /// The cumulative distribution of the oracle at `u` is where the sampler draws.
    #[test]
    fn draws_where_the_oracle_does(
        logits in prop::collection::vec((-60_i8..60).prop_map(|n| f32::from(n) / 8.0), 1..400),
        tokens in prop::collection::vec(0_u32..450, 0..20),
        prompt_length in 0_usize..20,
        mask in prop::option::of(prop::collection::vec(any::<u32>(), 0..14)),
        banned in prop::collection::vec(0_u32..450, 0..4),
        temperature in prop_oneof![Just(0.0), 0.05_f32..3.0],
        top_k in prop::option::of(1_u32..100),
        top_p in prop::option::of(0.05_f32..1.0),
        min_p in prop::option::of(0.01_f32..0.9),
        repetition_penalty in prop::option::of(0.5_f32..2.0),
        frequency_penalty in prop::option::of(-2.0_f32..2.0),
        seed: u64,
    ) {
        let options = SamplingOptions {
            temperature: Some(temperature), top_k, top_p, min_p, repetition_penalty, frequency_penalty, ..Default::default()
        };
        let history = History { tokens: &tokens, prompt_length, mask: mask.as_deref(), banned: &banned };
        match draw(&sampler(&options, logits.len(), seed), &logits, &history) {
            Ok(sampled) => {
                let probability = oracle(&options, &logits, &history)[sampled.token as usize];
                // In f32 a token on the edge of a filter can fall to the other side; ties apart, that is rare enough
                // not to be met by quantised logits.
                prop_assert!(probability > 0.0, "{} was drawn", sampled.token);
            }
            Err(error) => {
                let allowed = |token: u32| {
                    !banned.contains(&token)
                        && mask.as_ref().is_none_or(|mask| mask.get(token as usize / 32).is_some_and(|w| w >> (token % 32) & 1 == 1))
                };
                prop_assert_eq!(error.code(), ErrorCode::NumericError);
                prop_assert!(!(0..logits.len() as u32).any(allowed));
            }
        }
    }
}
