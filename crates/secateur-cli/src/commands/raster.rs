//! Drawings as pixels.

use secateur::core::{Kind, RunError};

use crate::out;

/// Pixels of a pixel of the drawing: sharp on dense screens and in print.
const SCALE: f32 = 2.0;
/// Faces for text, the first that the machine has.
const FACES: [&str; 7] =
    ["Noto Sans", "DejaVu Sans", "Liberation Sans", "Segoe UI", "Helvetica", "Arial", "Roboto"];

/// A drawing of ours as a PNG.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, RunError> {
    use resvg::{tiny_skia, usvg};
    let failed = |what: String| {
        RunError::new(Kind::Other, "SEC-CL-001", format!("the picture cannot be made: {what}"))
    };
    let mut options = usvg::Options::default();
    let fonts = options.fontdb_mut();
    fonts.load_system_fonts();
    let names: Vec<String> =
        fonts.faces().flat_map(|face| &face.families).map(|(name, _)| name.clone()).collect();
    let known = FACES.into_iter().find(|face| names.iter().any(|name| name == face));
    match known.map(str::to_owned).or_else(|| names.first().cloned()) {
        Some(face) => fonts.set_sans_serif_family(face),
        None => out::note("warning: this machine has no fonts, so the picture has no letters"),
    }
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let size = tree.size().to_int_size().scale_by(SCALE);
    let size = size.ok_or_else(|| failed("it has no size".to_owned()))?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
        .ok_or_else(|| failed("it has no size".to_owned()))?;
    let scale = tiny_skia::Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| failed(error.to_string()))
}
