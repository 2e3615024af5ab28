//! A map of values as a tiny PNG in a `data:` address.
//!
//! Sixteen shades, four bits each, not compressed: a map of 128 x 128 is 11 kB of text. The
//! shades differ in opacity only, so the same image is right on a light and on a dark page.

/// The color that is laid over the page, red, green, blue.
const COLOR: [u8; 3] = [24, 112, 196];
/// Shades.
pub(crate) const SHADES: usize = 16;

/// The shade of a value, `0` at `low` or below, [`SHADES`]` - 1` at `high` or above.
pub(crate) fn shade(value: f64, low: f64, high: f64) -> usize {
    let share = if high > low { (value - low) / (high - low) } else { f64::from(value > low) };
    let most = SHADES as f64 - 1.0;
    // NaN becomes 0.
    (share * most).round().clamp(0.0, most) as usize
}

/// The address of an image of `columns` pixels in a row, one shade each.
pub(crate) fn address(columns: usize, shades: &[usize]) -> String {
    format!("data:image/png;base64,{}", base64(&png(columns, shades)))
}

fn png(columns: usize, shades: &[usize]) -> Vec<u8> {
    let rows = shades.len() / columns;
    let mut header = Vec::new();
    header.extend((columns as u32).to_be_bytes());
    header.extend((rows as u32).to_be_bytes());
    // Four bits of a palette index; deflate; no filter; no interlace.
    header.extend([4, 3, 0, 0, 0]);
    let opacity: Vec<u8> = (0..SHADES).map(|s| (s * 255 / (SHADES - 1)) as u8).collect();
    let mut pixels = Vec::with_capacity(rows * columns.div_ceil(2) + rows);
    for row in shades.chunks_exact(columns) {
        pixels.push(0);
        pixels.extend(row.chunks(2).map(|pair| {
            let low = pair.get(1).copied().unwrap_or(0);
            (pair[0] << 4 | low) as u8
        }));
    }
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, *b"IHDR", &header);
    chunk(&mut out, *b"PLTE", &COLOR.repeat(SHADES));
    chunk(&mut out, *b"tRNS", &opacity);
    chunk(&mut out, *b"IDAT", &stored(&pixels));
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let from = out.len();
    out.extend(kind);
    out.extend(data);
    let sum = crc32(&out[from..]);
    out.extend(sum.to_be_bytes());
}

/// A zlib stream of stored blocks.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = data.chunks(0xffff);
    let last = blocks.len() - 1;
    for (at, block) in blocks.enumerate() {
        let len = block.len() as u16;
        out.push(u8::from(at == last));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(block);
    }
    out.extend(adler32(data).to_be_bytes());
    out
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

fn crc32(data: &[u8]) -> u32 {
    let step =
        |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }
            })
        };
    !data.iter().fold(!0, step)
}

fn base64(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(data.len().div_ceil(3) * 4);
    for group in data.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, k| bits << 8 | group.get(k).map_or(0, |b| *b as u32));
        for k in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * k) & 63) as usize];
            out.push(if k <= group.len() { digit as char } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_standard_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        for (data, expect) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(data.as_bytes()), expect);
        }
    }

    #[test]
    fn a_small_image_byte_by_byte() {
        let image = png(3, &[0, 15, 7, 15, 0, 8]);
        assert_eq!(&image[16..29], &[0, 0, 0, 3, 0, 0, 0, 2, 4, 3, 0, 0, 0]);
        let at = image.windows(4).position(|w| w == b"IDAT").unwrap() + 4;
        let data = &image[at..at + 13];
        assert_eq!(data, &[0x78, 1, 1, 6, 0, 0xf9, 0xff, 0, 0x0f, 0x70, 0, 0xf0, 0x80]);
    }

    #[test]
    fn a_mask_map_is_eleven_kilobytes() {
        let address = address(128, &vec![9; 128 * 128]);
        assert!(address.len() < 11_500, "{}", address.len());
    }

    #[test]
    fn shades_span_the_range() {
        let found = [0.0, 0.5, 1.0, -9.0, f64::NAN].map(|v| shade(v, 0.0, 1.0));
        assert_eq!(found, [0, 8, 15, 0, 0]);
        assert_eq!([shade(3.0, 3.0, 3.0), shade(4.0, 3.0, 3.0)], [0, 15]);
    }
}
