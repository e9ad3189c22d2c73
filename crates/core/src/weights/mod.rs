//! From a model's files to a backend's weights.

mod conversion;
mod model_source;
mod names;
mod weight_loader;
mod weight_table;

pub(crate) use conversion::read_floats;
pub use conversion::{Conversion, FloatType};
pub use model_source::{ModelSource, Source, SourceFiles, file_size};
pub use names::Naming;
pub use weight_loader::{Bias, LoadObserver, WeightLoader};
pub use weight_table::WeightTable;
