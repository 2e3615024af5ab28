//! Labeled images, from packed files and from folders.

use std::path::{Path, PathBuf};

use secateur_core::Random;
use secateur_tensor::{Bytes, Tensor};
use serde::Deserialize;

use super::error::NetworkError;

/// Mean and deviation of the colors of `ImageNet`, which most networks were trained with.
pub const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// How images are read and prepared.
#[derive(Clone, Debug, PartialEq)]
pub struct Preparation {
    /// Channels, height and width that the network takes.
    pub shape: [usize; 3],
    /// Number of classes.
    pub classes: Option<usize>,
    /// Subtracted from each color, in units of 0 to 1.
    pub mean: Vec<f32>,
    /// Each color is divided by this afterwards.
    pub std: Vec<f32>,
    /// The shorter side before the middle is cut out; 256 / 224 of the side when absent.
    pub resize: Option<usize>,
}

/// What can stand in a small file beside packed images.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    image: Option<[usize; 3]>,
    classes: Option<usize>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    resize: Option<usize>,
}

/// What the command line says of images; what is absent comes from the card beside the file, then
/// from the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Channels, height and width.
    pub image: Option<[usize; 3]>,
    /// Number of classes.
    pub classes: Option<usize>,
    /// Mean of each color.
    pub mean: Option<Vec<f32>>,
    /// Deviation of each color.
    pub std: Option<Vec<f32>>,
    /// The shorter side before the middle is cut out.
    pub resize: Option<usize>,
    /// Images at most, spread over the file.
    pub samples: Option<usize>,
}

/// Labeled images.
#[derive(Clone, Debug)]
pub struct Images {
    /// The file or folder.
    pub path: PathBuf,
    /// How they are prepared.
    pub preparation: Preparation,
    /// Class of each.
    pub labels: Vec<usize>,
    /// Files that were read.
    pub files: Vec<PathBuf>,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// Records of a label and planes; the numbers of those that are used.
    Packed(Bytes, Vec<usize>),
    Files(Vec<PathBuf>),
}

fn bad(path: &Path, reason: impl Into<String>, hint: &'static str) -> NetworkError {
    NetworkError::Images { path: path.to_owned(), reason: reason.into(), hint }
}

const SHAPE_HINT: &str =
    "give the shape, e.g. --image 3x32x32, or a file NAME.toml beside it with image = [3, 32, 32]";
const FOLDER_HINT: &str = "a folder holds one folder of PNG or JPEG files per class, or images and a labels.tsv with a file name and a class number a line";

impl Images {
    /// Opens a packed file or a folder for a network whose input has the given shape.
    ///
    /// # Errors
    /// [`NetworkError::Images`] when it is no such thing.
    pub fn open(path: &Path, wishes: &Wishes, input: &[usize]) -> Result<Self, NetworkError> {
        let meta = std::fs::metadata(path).map_err(|error| {
            bad(path, format!("the images cannot be read: {error}"), FOLDER_HINT)
        })?;
        let card = card(path)?;
        let network = match input {
            [_, c, h, w] => Some([*c, *h, *w]),
            _ => None,
        };
        let stated = wishes.image.or(card.image);
        let shape = stated.or(network).ok_or_else(|| {
            bad(path, format!("the input of the network, {input:?}, is no image"), SHAPE_HINT)
        })?;
        if let (Some(network), false) = (network, meta.is_dir())
            && network != shape
        {
            let text = format!("the network takes images of {}, not {}", by(network), by(shape));
            return Err(bad(path, text, SHAPE_HINT));
        }
        let color = |wish: &Option<Vec<f32>>, card: Option<Vec<f32>>, usual: [f32; 3]| {
            let values = wish.clone().or(card).unwrap_or_else(|| {
                if shape[0] == 3 {
                    usual.to_vec()
                } else {
                    vec![usual.iter().sum::<f32>() / 3.0; shape[0]]
                }
            });
            if values.len() == shape[0] && values.iter().all(|v| v.is_finite()) {
                Ok(values)
            } else {
                Err(bad(
                    path,
                    format!("{} numbers for {} colors", values.len(), shape[0]),
                    "give one number for each color to --mean and --std",
                ))
            }
        };
        let mean = color(&wishes.mean, card.mean, IMAGENET.0)?;
        let std = color(&wishes.std, card.std, IMAGENET.1)?;
        if std.iter().any(|v| *v <= 0.0) {
            return Err(bad(path, "a deviation of the colors is not above 0", "mend --std"));
        }
        let classes = wishes.classes.or(card.classes);
        let resize = wishes.resize.or(card.resize);
        let preparation = Preparation { shape, classes, mean, std, resize };
        let mut images = if meta.is_dir() {
            Self::folder(path, preparation)?
        } else {
            Self::packed(path, preparation)?
        };
        if let Some(classes) = images.preparation.classes
            && let Some(at) = images.labels.iter().position(|label| *label >= classes)
        {
            let text =
                format!("image {at} has class {}, there are {classes} classes", images.labels[at]);
            return Err(bad(path, text, "mend --classes, or the labels"));
        }
        if let Some(samples) = wishes.samples {
            images.thin(samples);
        }
        Ok(images)
    }

    fn packed(path: &Path, preparation: Preparation) -> Result<Self, NetworkError> {
        let bytes = Bytes::map(path).map_err(|error| {
            bad(path, format!("the images cannot be read: {error}"), SHAPE_HINT)
        })?;
        let record = 1 + preparation.shape.iter().product::<usize>();
        if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
            let text = format!(
                "{} bytes are not a whole number of images of {}: each has a byte of label and {} of values",
                bytes.len(),
                by(preparation.shape),
                record - 1
            );
            return Err(bad(path, text, SHAPE_HINT));
        }
        let labels: Vec<usize> = bytes.chunks_exact(record).map(|r| r[0].into()).collect();
        let numbers = (0..labels.len()).collect();
        let files = vec![path.to_owned()];
        Ok(Self {
            path: path.to_owned(),
            preparation,
            labels,
            files,
            source: Source::Packed(bytes, numbers),
        })
    }

    fn folder(path: &Path, preparation: Preparation) -> Result<Self, NetworkError> {
        let table = path.join("labels.tsv");
        let listed = if table.is_file() { read_table(path, &table)? } else { read_folders(path)? };
        if listed.is_empty() {
            return Err(bad(path, "there are no images in it", FOLDER_HINT));
        }
        let (files, labels): (Vec<PathBuf>, Vec<usize>) = listed.into_iter().unzip();
        let source = Source::Files(files.clone());
        Ok(Self { path: path.to_owned(), preparation, labels, files, source })
    }

    /// Keeps at most `samples` images: one of each of as many equal parts of the file, drawn with
    /// a fixed seed. A fixed step could meet one class only, where classes take turns.
    pub fn thin(&mut self, samples: usize) {
        let total = self.labels.len();
        if samples >= total || samples == 0 {
            return;
        }
        let mut random = Random::new(0);
        let chosen: Vec<usize> = (0..samples)
            .map(|k| {
                let (first, end) = (k * total / samples, (k + 1) * total / samples);
                first + random.below(end - first)
            })
            .collect();
        self.labels = chosen.iter().map(|at| self.labels[*at]).collect();
        match &mut self.source {
            Source::Packed(_, numbers) => *numbers = chosen.iter().map(|at| numbers[*at]).collect(),
            Source::Files(files) => {
                *files = chosen.iter().map(|at| files[*at].clone()).collect();
                self.files.clone_from(files);
            }
        }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Images `[count, channels, height, width]`, prepared.
    ///
    /// # Errors
    /// [`NetworkError::Images`] when a file is no image.
    pub fn batch(&self, first: usize, count: usize) -> Result<Tensor, NetworkError> {
        let [channels, height, width] = self.preparation.shape;
        let pixels = height * width;
        let mut x = vec![0.0; count * channels * pixels];
        for (at, image) in x.chunks_exact_mut(channels * pixels).enumerate() {
            match &self.source {
                Source::Packed(bytes, numbers) => {
                    let record = 1 + channels * pixels;
                    let start = numbers[first + at] * record + 1;
                    let raw = &bytes[start..start + channels * pixels];
                    self.normalize(|channel, pixel| raw[channel * pixels + pixel], image, pixels);
                }
                Source::Files(files) => {
                    let raw = self.decode(&files[first + at])?;
                    self.normalize(|channel, pixel| raw[pixel * channels + channel], image, pixels);
                }
            }
        }
        Ok(Tensor::f32(vec![count, channels, height, width], x))
    }

    fn normalize(&self, raw: impl Fn(usize, usize) -> u8, image: &mut [f32], pixels: usize) {
        for (channel, plane) in image.chunks_exact_mut(pixels).enumerate() {
            let (mean, std) = (self.preparation.mean[channel], self.preparation.std[channel]);
            for (pixel, value) in plane.iter_mut().enumerate() {
                *value = (f32::from(raw(channel, pixel)) / 255.0 - mean) / std;
            }
        }
    }

    /// A file as pixels of `channels` bytes, its shorter side resized and the middle cut out.
    fn decode(&self, path: &Path) -> Result<Vec<u8>, NetworkError> {
        let [channels, height, width] = self.preparation.shape;
        let fail = |error: image::ImageError| {
            bad(
                path,
                format!("the image cannot be decoded: {error}"),
                "convert it to PNG or JPEG, or take it out of the folder",
            )
        };
        let mut reader = image::ImageReader::open(path)
            .and_then(image::ImageReader::with_guessed_format)
            .map_err(|error| {
                bad(path, format!("the image cannot be read: {error}"), FOLDER_HINT)
            })?;
        let mut limits = image::Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(1 << 14), Some(1 << 14));
        reader.limits(limits);
        let found = reader.decode().map_err(fail)?;
        let fits = (found.height() as usize, found.width() as usize) == (height, width);
        let cut = if fits && self.preparation.resize.is_none() {
            found
        } else {
            let side = height.min(width);
            let shorter = self.preparation.resize.unwrap_or(side * 256 / 224).max(side) as u32;
            let scale = f64::from(shorter) / f64::from(found.width().min(found.height()));
            let size = |n: u32| (f64::from(n) * scale).round().max(1.0) as u32;
            let (w, h) =
                (size(found.width()).max(width as u32), size(found.height()).max(height as u32));
            let resized = found.resize_exact(w, h, image::imageops::FilterType::Triangle);
            let (x, y) = ((w - width as u32) / 2, (h - height as u32) / 2);
            resized.crop_imm(x, y, width as u32, height as u32)
        };
        match channels {
            1 => Ok(cut.to_luma8().into_raw()),
            3 => Ok(cut.to_rgb8().into_raw()),
            _ => Err(bad(
                path,
                format!("an image file has 1 or 3 colors, the network takes {channels}"),
                SHAPE_HINT,
            )),
        }
    }

    /// How images were prepared, for a protocol.
    pub fn protocol(&self) -> Vec<(String, String)> {
        let list =
            |values: &[f32]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let mut pairs = vec![
            ("images".to_owned(), format!("{} of {}", self.len(), self.path.display())),
            ("size".to_owned(), by(self.preparation.shape)),
            ("mean".to_owned(), list(&self.preparation.mean)),
            ("std".to_owned(), list(&self.preparation.std)),
        ];
        if let Source::Files(_) = self.source {
            let [_, height, width] = self.preparation.shape;
            let side = height.min(width);
            let text = match self.preparation.resize {
                Some(resize) => format!("shorter side {resize}, middle of {width} x {height}"),
                None => format!(
                    "none where {width} x {height}, else shorter side {} and the middle",
                    side * 256 / 224
                ),
            };
            pairs.push(("resize".to_owned(), text));
        }
        pairs
    }
}

/// A shape as the command line writes it.
pub fn by(shape: [usize; 3]) -> String {
    format!("{}x{}x{}", shape[0], shape[1], shape[2])
}

fn card(path: &Path) -> Result<Card, NetworkError> {
    let beside = if path.is_dir() { path.join("images.toml") } else { path.with_extension("toml") };
    let Ok(text) = std::fs::read_to_string(&beside) else { return Ok(Card::default()) };
    toml::from_str(&text).map_err(|error| {
        bad(
            &beside,
            format!("the card of the images cannot be read: {error}"),
            "it may have image, classes, mean, std and resize",
        )
    })
}

fn read_table(folder: &Path, table: &Path) -> Result<Vec<(PathBuf, usize)>, NetworkError> {
    let text = std::fs::read_to_string(table)
        .map_err(|error| bad(table, format!("it cannot be read: {error}"), FOLDER_HINT))?;
    let mut listed = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut parts = line.split('\t');
        let (Some(name), Some(label)) = (parts.next(), parts.next()) else {
            if line.trim().is_empty() {
                continue;
            }
            return Err(bad(table, format!("line {} has no tab", at + 1), FOLDER_HINT));
        };
        match label.trim().parse() {
            Ok(label) => {
                let is_plain = Path::new(name).components().count() > 0
                    && Path::new(name)
                        .components()
                        .all(|part| matches!(part, std::path::Component::Normal(_)));
                if !is_plain {
                    return Err(bad(
                        table,
                        format!("line {}: {name:?} leaves the folder", at + 1),
                        FOLDER_HINT,
                    ));
                }
                listed.push((folder.join(name), label));
            }
            // The first line may be heads of columns.
            Err(_) if at == 0 => {}
            Err(_) => {
                let text = format!("line {}: {label:?} is no class number", at + 1);
                return Err(bad(table, text, FOLDER_HINT));
            }
        }
    }
    Ok(listed)
}

fn read_folders(folder: &Path) -> Result<Vec<(PathBuf, usize)>, NetworkError> {
    let entries = |path: &Path| -> Result<Vec<PathBuf>, NetworkError> {
        let read = std::fs::read_dir(path)
            .map_err(|error| bad(path, format!("it cannot be read: {error}"), FOLDER_HINT))?;
        let mut paths: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        Ok(paths)
    };
    let mut listed = Vec::new();
    let classes = entries(folder)?.into_iter().filter(|path| path.is_dir());
    for (class, path) in classes.enumerate() {
        let is_image = |path: &PathBuf| {
            let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
            matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg"))
        };
        listed.extend(entries(&path)?.into_iter().filter(is_image).map(|file| (file, class)));
    }
    Ok(listed)
}
