//! What is said of networks: shapes, images, timing, sensitivity.

use std::path::PathBuf;

use clap::Args;
use secateur::core::recipe::Images;

use super::parse::{image, input_shape, part, positive, sparsity, times};

pub(super) const BENCH_EXAMPLES: &str = "Examples:
  secateur bench net.onnx
  secateur bench small.onnx --against net.onnx --batch 32";

pub(super) const SENSITIVITY_EXAMPLES: &str = "Examples:
  secateur sensitivity net.onnx --images test.bin
  secateur sensitivity net.onnx --images test.bin --calibration train.bin --shares 0.25,0.5,0.75 --report sensitivity.html";

/// Shapes that a file leaves open.
#[derive(Args, Debug)]
pub(crate) struct ShapeArgs {
    /// Shape of an input that the ONNX file leaves open, e.g. image=1x3x224x224
    #[arg(long = "input", value_name = "NAME=SHAPE", num_args = 1.., value_parser = input_shape)]
    pub(crate) inputs: Vec<(String, Vec<usize>)>,
}

/// How images are read and prepared.
#[derive(Args, Debug)]
pub(crate) struct ImageArgs {
    /// Channels, height and width of packed images [default: those of the network]
    #[arg(long, value_name = "CxHxW", value_parser = image)]
    pub(crate) image: Option<[usize; 3]>,

    /// Number of classes; labels past it are refused
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) classes: Option<usize>,

    /// Subtracted from each color, of 0 to 1 [default: 0.485,0.456,0.406]
    #[arg(long, value_name = "M,..", value_delimiter = ',', allow_negative_numbers = true)]
    pub(crate) mean: Option<Vec<f32>>,

    /// Each color is divided by this [default: 0.229,0.224,0.225]
    #[arg(long, value_name = "D,..", value_delimiter = ',')]
    pub(crate) std: Option<Vec<f32>>,

    /// Shorter side of image files before the middle is cut out [default: 256/224 of the side,
    /// where the size does not fit already]
    #[arg(long, value_name = "PIXELS", value_parser = positive)]
    pub(crate) resize: Option<usize>,
}

impl ImageArgs {
    pub(crate) fn images(&self, path: &str, samples: Option<usize>) -> Images {
        Images {
            path: path.to_owned(),
            image: self.image,
            classes: self.classes,
            mean: self.mean.clone(),
            std: self.std.clone(),
            resize: self.resize,
            samples,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// An .onnx file
    pub(crate) model: PathBuf,

    /// Another one, timed in turn with it
    #[arg(long, value_name = "NET.onnx")]
    pub(crate) against: Option<PathBuf>,

    /// Images at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive)]
    pub(crate) batch: usize,

    /// Seconds to time each for
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = times)]
    pub(crate) seconds: f64,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,
}

#[derive(Args, Debug)]
pub(crate) struct SensitivityArgs {
    /// An .onnx file
    pub(crate) model: PathBuf,

    /// Labeled images: a packed file, or a folder
    #[arg(long, value_name = "FILE")]
    pub(crate) images: String,

    /// Images to take statistics of batch normalization on after each cut
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<String>,

    /// What channels are worth; of several the first is for single layers, all for --sweep
    #[arg(long, short, value_name = "NAME,..", value_delimiter = ',', default_value = "l2")]
    pub(crate) method: Vec<String>,

    /// Cut the whole network to these shares of its multiply-accumulates as well
    #[arg(long, value_name = "S,..", value_delimiter = ',', num_args = 0..=1, value_parser = part, default_missing_value = "0.9,0.8,0.7,0.6,0.5,0.4,0.3")]
    pub(crate) sweep: Vec<f64>,

    /// Shares of each layer to cut
    #[arg(long, value_name = "S,..", value_delimiter = ',', default_values_t = [0.25, 0.5, 0.75], value_parser = sparsity)]
    pub(crate) shares: Vec<f64>,

    /// Images to measure on at most [default: all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) samples: Option<usize>,

    /// Cut only layers that match one of these patterns
    #[arg(long, value_name = "GLOB", num_args = 1..)]
    pub(crate) layers: Vec<String>,

    /// Write the curves as a page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) preparation: ImageArgs,

    #[command(flatten)]
    pub(crate) shapes: ShapeArgs,
}
