//! The random model in plain f64 loops: dense weights, no cache, no blocks, no quantised activations.

#![expect(clippy::needless_range_loop, reason = "indices as in the formulas")]

use wick_core::backend::RotaryStyle;
use wick_kernels::{Packed, ThreadPool, embedding::embedding};

use super::random_model::{Spec, WeightMaker};

type Matrix = Vec<Vec<f64>>;

fn dense(packed: &Packed) -> Matrix {
    let tokens: Vec<u32> = (0..packed.rows() as u32).collect();
    let mut values = vec![0.0; packed.rows() * packed.columns()];
    embedding(&ThreadPool::new(1).unwrap(), packed, &tokens, &mut values).unwrap();
    values.chunks(packed.columns()).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x)).collect()
}

struct Linear {
    weight: Matrix,
    bias: Vec<f64>,
}

impl Linear {
    fn new(make: &mut WeightMaker<'_>, rows: usize, columns: usize, bias: bool) -> Self {
        let weight = dense(&make.packed(rows, columns));
        Self { weight, bias: if bias { wide(&make.vector(rows, 0.0)) } else { vec![0.0; rows] } }
    }

    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let dot = |row: &Vec<f64>| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
        self.weight.iter().zip(&self.bias).map(|(row, bias)| dot(row) + bias).collect()
    }
}

fn norm(x: &[f64], weight: &[f64]) -> Vec<f64> {
    let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
    let scale = 1.0 / (mean + f64::from(1e-5_f32)).sqrt();
    x.iter().zip(weight).map(|(x, w)| x * scale * w).collect()
}

fn rotate(spec: &Spec, head: &mut [f64], position: usize) {
    let half = spec.head_dim / 2;
    for (i, frequency) in spec.frequencies().inverse_frequencies.iter().enumerate() {
        let (a, b) = match spec.style {
            RotaryStyle::Halves => (i, i + half),
            RotaryStyle::Pairs => (2 * i, 2 * i + 1),
        };
        let (sine, cosine) = (position as f64 * frequency).sin_cos();
        (head[a], head[b]) = (head[a] * cosine - head[b] * sine, head[b] * cosine + head[a] * sine);
    }
}

/// Logits of every position, `(tokens, vocabulary)`.
pub(crate) fn logits(spec: &Spec, tokens: &[u32]) -> Vec<f64> {
    let mut make = WeightMaker { spec, index: 0 };
    let table = dense(&make.packed(spec.vocabulary, spec.hidden));
    let mut hidden: Matrix = tokens.iter().map(|&token| table[token as usize].clone()).collect();
    let (dim, group) = (spec.head_dim, spec.heads / spec.kv_heads);
    let (width, kv_width) = (spec.heads * dim, spec.kv_heads * dim);
    for layer in 0..spec.layers {
        let attention_norm = wide(&make.vector(spec.hidden, 1.0));
        let query = Linear::new(&mut make, width, spec.hidden, spec.biases);
        let key = Linear::new(&mut make, kv_width, spec.hidden, spec.biases);
        let value = Linear::new(&mut make, kv_width, spec.hidden, spec.biases);
        let query_norm = spec.head_norms.then(|| wide(&make.vector(dim, 1.0)));
        let key_norm = spec.head_norms.then(|| wide(&make.vector(dim, 1.0)));
        let output = Linear::new(&mut make, spec.hidden, width, false);
        let rotated = !spec.positionless || layer + 1 < spec.layers;
        let heads = |x: Vec<f64>, weight: &Option<Vec<f64>>, position: usize| -> Matrix {
            x.chunks(dim)
                .map(|head| {
                    let mut head = weight.as_ref().map_or_else(|| head.to_vec(), |weight| norm(head, weight));
                    if rotated {
                        rotate(spec, &mut head, position);
                    }
                    head
                })
                .collect()
        };
        let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (position, x) in hidden.iter().enumerate() {
            let x = norm(x, &attention_norm);
            queries.push(heads(query.apply(&x), &query_norm, position));
            keys.push(heads(key.apply(&x), &key_norm, position));
            values.push(value.apply(&x));
        }
        for position in 0..tokens.len() {
            let start = spec.window.map_or(0, |window| (position + 1).saturating_sub(window as usize));
            let mut attended = Vec::new();
            for head in 0..spec.heads {
                let kv_head = head / group;
                let weights: Vec<f64> = (start..=position)
                    .map(|p| {
                        let pairs = queries[position][head].iter().zip(&keys[p][kv_head]);
                        (pairs.map(|(q, k)| q * k).sum::<f64>() * f64::from(spec.attention_scale())).exp()
                    })
                    .collect();
                let sum: f64 = weights.iter().sum();
                for d in kv_head * dim..(kv_head + 1) * dim {
                    let weighted = (start..=position).zip(&weights).map(|(p, weight)| weight * values[p][d]);
                    attended.push(weighted.sum::<f64>() / sum);
                }
            }
            hidden[position].iter_mut().zip(output.apply(&attended)).for_each(|(x, add)| *x += add);
        }
        let feed_forward_norm = wide(&make.vector(spec.hidden, 1.0));
        let gate = Linear::new(&mut make, spec.intermediate, spec.hidden, false);
        let up = Linear::new(&mut make, spec.intermediate, spec.hidden, false);
        let down = Linear::new(&mut make, spec.hidden, spec.intermediate, false);
        for x in &mut hidden {
            let normed = norm(x, &feed_forward_norm);
            let gated = gate.apply(&normed).into_iter().zip(up.apply(&normed));
            let gated: Vec<f64> = gated.map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
            x.iter_mut().zip(down.apply(&gated)).for_each(|(x, add)| *x += add);
        }
    }
    let final_norm = wide(&make.vector(spec.hidden, 1.0));
    let head = if spec.tied {
        Linear { weight: table, bias: vec![0.0; spec.vocabulary] }
    } else {
        Linear::new(&mut make, spec.vocabulary, spec.hidden, false)
    };
    hidden.iter().flat_map(|x| head.apply(&norm(x, &final_norm))).collect()
}
