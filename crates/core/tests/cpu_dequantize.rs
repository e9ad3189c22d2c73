//! Rows of every weight type against candle's dequantisers: an independent reading of the block layouts.

use candle_core::quantized::{GgmlDType, ggml_file::qtensor_from_ggml};
use candle_core::{Device, Result};
use wick_kernels::embedding::embedding;
use wick_kernels::synthetic::{weight, weight_bytes};
use wick_kernels::{BlockType, ThreadPool};

fn ggml(block_type: BlockType) -> GgmlDType {
    match block_type {
        BlockType::F32 => GgmlDType::F32,
        BlockType::F16 => GgmlDType::F16,
        BlockType::BF16 => GgmlDType::BF16,
        BlockType::Q4_0 => GgmlDType::Q4_0,
        BlockType::Q4_1 => GgmlDType::Q4_1,
        BlockType::Q5_0 => GgmlDType::Q5_0,
        BlockType::Q5_1 => GgmlDType::Q5_1,
        BlockType::Q8_0 => GgmlDType::Q8_0,
        BlockType::Q2_K => GgmlDType::Q2K,
        BlockType::Q3_K => GgmlDType::Q3K,
        BlockType::Q4_K => GgmlDType::Q4K,
        BlockType::Q5_K => GgmlDType::Q5K,
        BlockType::Q6_K => GgmlDType::Q6K,
    }
}

#[test]
fn rows_equal_candles() -> Result<()> {
    let pool = ThreadPool::new(1).unwrap();
    let (rows, columns) = (50, 512);
    for block_type in BlockType::ALL {
        let bytes = weight_bytes(block_type, rows, columns, 9, 0.5);
        let theirs = qtensor_from_ggml(ggml(block_type), &bytes, vec![rows, columns], &Device::Cpu)?;
        let theirs: Vec<f32> = theirs.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?;
        let mut ours = vec![0.0; rows * columns];
        let tokens: Vec<u32> = (0..rows as u32).collect();
        embedding(&pool, &weight(block_type, rows, columns, 9, 0.5).unwrap(), &tokens, &mut ours).unwrap();
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // The one rounding of scale * value + minimum may fall elsewhere.
        assert!(worst <= 1e-6, "{block_type:?}: {worst}");
        assert!(ours.iter().any(|x| x.abs() > 0.1), "{block_type:?}: not a test of zeros");
    }
    Ok(())
}
