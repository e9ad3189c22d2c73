//! How fast this machine reads memory, the limit of decoding: `streaming_read <bytes> <threads>` reads so many bytes over and
//! over for each line of its input and answers it with GB/s.

#![expect(clippy::print_stdout, reason = "prints its answers")]

use std::hint::black_box;
use std::io::{BufRead, stdin};
use std::time::{Duration, Instant};

use wick_kernels::{Aligned, Result, ThreadPool};

/// Words of a task, 2 MiB: large against the cost of taking one.
const TASK: usize = 1 << 19;
const TIME: Duration = Duration::from_millis(300);

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map_while(|argument| argument.parse::<usize>().ok());
    let bytes = arguments.next().unwrap_or(1 << 30);
    let pool = ThreadPool::new(arguments.next().unwrap_or(1))?;
    // As weights lie. Not zeros: pages that nobody has written to are all the same one.
    let mut words = Aligned::<f32>::zeroed(bytes / size_of::<f32>())?;
    for (index, word) in words.iter_mut().enumerate() {
        *word = f32::from_bits(index as u32);
    }
    let tasks: Vec<&[f32]> = words.chunks(TASK).collect();
    for _ in stdin().lock().lines() {
        let (start, mut passes) = (Instant::now(), 0);
        while passes == 0 || start.elapsed() < TIME {
            pool.run(tasks.len(), &|task| {
                black_box(sum(tasks[task]));
            })?;
            passes += 1;
        }
        println!("{}", (passes * bytes) as f64 / start.elapsed().as_secs_f64() / 1e9);
    }
    Ok(())
}

/// In lanes, so that the additions do not wait for each other.
fn sum(words: &[f32]) -> u32 {
    let mut lanes = [0_u32; 32];
    for line in words.chunks_exact(lanes.len()) {
        for (lane, word) in lanes.iter_mut().zip(line) {
            *lane = lane.wrapping_add(word.to_bits());
        }
    }
    lanes.iter().fold(0, |sum, lane| sum.wrapping_add(*lane))
}
